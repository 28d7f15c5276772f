"""What one run is told on the command line, and never in a config.

The config says what is true of a data set on every run; these say what is wanted of this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seqchurn.config.units import above_zero, whole_above_zero

__all__ = ["RUN_ARGUMENTS", "RunArgument", "flags_of", "takers"]

_ALL = (
    "prepare",
    "inspect",
    "forget",
    "train",
    "evaluate",
    "report",
    "backtest",
    "tune",
    "promote",
    "rollback",
    "score",
    "explain",
    "deliver",
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
    flag: str | None = None
    """How it is spelled, if not as its name: verbs may mean different things by one flag."""
    read: Callable[[str], object] = str
    """Makes the value of a text, or raises a ValueError that says what was expected."""

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
        "First instant not seen by the scores; default: the start of today (score), the latest "
        "that were published (deliver).",
        verbs=("score", "deliver"),
        metavar="TIME",
    ),
    "from": RunArgument(
        "First of many instants to score at, one table per scoring.interval (score), of two to "
        "compare (explain); needs --to.",
        verbs=("score", "explain"),
        metavar="TIME",
    ),
    "to": RunArgument(
        "First instant after the last of those tables (score), second of two to compare "
        "(explain); needs --from.",
        verbs=("score", "explain"),
        metavar="TIME",
    ),
    "customer_id": RunArgument(
        "Whom to forget (forget), whom alone to score (score), whose change to explain (explain); "
        "for the first two it may be given several times.",
        verbs=("forget", "score", "explain"),
        metavar="ID",
        many=True,
    ),
    "model_version": RunArgument(
        "Version in the model registry; default: the newest (evaluate, report), the "
        "challenger (promote), the champion (score).",
        verbs=("evaluate", "report", "promote", "score"),
        metavar="VERSION",
    ),
    "chart": RunArgument(
        "Picture of the survival curves to write: a PNG or SVG file.",
        verbs=("explain",),
        metavar="FILE",
    ),
    "refit": RunArgument(
        "never: one model, frozen at the first cutoff; every: beside it a fresh one at each. "
        "(default: never)",
        verbs=("backtest",),
        metavar="WHEN",
        choices=("never", "every"),
    ),
    "minutes": RunArgument(
        "Time after which no more is tried; what was under way then goes on in the next run.",
        verbs=("tune",),
        metavar="MINUTES",
        read=above_zero,
    ),
    "trials": RunArgument(
        "Trials that end the study, those of earlier runs included. (default: 20; with --minutes "
        "as many as fit)",
        verbs=("tune",),
        metavar="COUNT",
        read=whole_above_zero,
    ),
    "delivery": RunArgument(
        "The only one of [deliveries] to make; default: all.", verbs=("deliver",), metavar="NAME"
    ),
    "dry_run": RunArgument(
        "Print what would be delivered, as JSON lines that name the delivery, and send nothing.",
        verbs=("deliver",),
    ),
    "force": RunArgument(
        "Do the work again although its result is there.", verbs=("prepare", "train", "score")
    ),
    "reason": RunArgument(
        "Promote whatever the gates say; why is recorded with the model.",
        verbs=("promote",),
        metavar="REASON",
        flag="force",
    ),
    "log_format": RunArgument(
        "text: lines for people; json: one object a line; auto: text on a terminal, else json. "
        "(default: auto)",
        metavar="FORMAT",
        choices=("auto", "text", "json"),
    ),
    "quiet": RunArgument("Log warnings only, and show no progress."),
    "verbose": RunArgument("Log details, also what the libraries underneath report."),
}


def flags_of(verb: str) -> dict[str, str]:
    """Flags of a verb to the names of the run arguments that they set."""
    return {a.flag or name: name for name, a in RUN_ARGUMENTS.items() if verb in a.verbs}


def takers(flag: str) -> tuple[str, ...]:
    """Verbs that have a flag for a run argument; none if there is no such flag."""
    return tuple(verb for verb in _ALL if flag in flags_of(verb))
