"""What one run is told on the command line, and never in a config.

The config says what is true of a data set on every run; these say what is wanted of this one.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RUN_ARGUMENTS", "RunArgument"]

_ALL = (
    "prepare",
    "inspect",
    "forget",
    "train",
    "evaluate",
    "backtest",
    "promote",
    "score",
    "monitor",
    "demo",
)


@dataclass(frozen=True)
class RunArgument:
    """A flag of some verbs that is no field of the config."""

    help: str
    verbs: tuple[str, ...] = _ALL
    metavar: str | None = None
    """What stands for the value in the help; None: a switch."""
    choices: tuple[str, ...] | None = None
    many: bool = False
    """True: may be given several times."""

    @property
    def default(self) -> object:
        """Value where the flag is not given."""
        if self.many:
            return []
        if self.choices:
            return self.choices[0]
        return None if self.metavar else False


RUN_ARGUMENTS = {
    "as_of": RunArgument(
        "First instant not seen by the scores; default: the start of today.",
        verbs=("score",),
        metavar="TIME",
    ),
    "from": RunArgument(
        "First of many instants to score at, one table per scoring.interval; needs --to.",
        verbs=("score",),
        metavar="TIME",
    ),
    "to": RunArgument(
        "First instant after the last of those tables; needs --from.",
        verbs=("score",),
        metavar="TIME",
    ),
    "customer_id": RunArgument(
        "Whom to forget (forget), whom alone to score (score); may be given several times.",
        verbs=("forget", "score"),
        metavar="ID",
        many=True,
    ),
    "model_version": RunArgument(
        "Version in the model registry; default: the newest (evaluate, promote), "
        "the champion (score).",
        verbs=("evaluate", "promote", "score"),
        metavar="VERSION",
    ),
    "refit": RunArgument(
        "never: one model, frozen at the first cutoff; every: beside it a fresh one at each. "
        "(default: never)",
        verbs=("backtest",),
        metavar="WHEN",
        choices=("never", "every"),
    ),
    "force": RunArgument(
        "Do the work again although its result is there.", verbs=("prepare", "score")
    ),
    "log_format": RunArgument(
        "text: lines for people; json: one object a line. (default: text)",
        metavar="FORMAT",
        choices=("text", "json"),
    ),
    "quiet": RunArgument("Log warnings only."),
    "verbose": RunArgument("Log details, also what the libraries underneath report."),
}
