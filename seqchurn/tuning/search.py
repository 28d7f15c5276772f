"""Settings and what came of them so far -> which values to try next, by Optuna.

All is kept in a sqlite file. What is drawn for a trial depends on the seed and on the trials that
have ended, so that a search that was cut off goes on as an unbroken one would have. The first trial
of all is the config as it is.

Optuna: Akiba et al. 2019; what it draws: Bergstra et al. 2011, tree-structured Parzen estimators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from statistics import fmean, median
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from seqchurn.config.space import Setting
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.tuning.trial import State, Trial

__all__ = ["Attempt", "Search", "import_optuna"]

_SEEDS_APART = 4_001


@dataclass(frozen=True)
class Attempt:
    """A trial under way."""

    number: int
    values: dict[str, Any]
    """Of the settings, by name."""
    handle: Any
    """Optuna's own."""
    losses: list[float] = field(default_factory=list)
    """At each cutoff so far, in nats per customer; lower is better."""

    @property
    def mean(self) -> float:
        """Mean over the cutoffs so far."""
        return fmean(self.losses)


class Search:
    """A study that is kept in a file, and continued where it is there already.

    Args:
        file: The sqlite file, made if there is none; others may be kept in it.
        name: Of the study; one of the same name is continued.
        settings: What may change.
        startup: Trials that went through all cutoffs, from which on others are held against them.
        seed: Of what is drawn.

    Raises:
        ConfigError: If Optuna is not installed.
        EnvironmentFailure: If the file cannot be read or written; as all methods do.
    """

    def __init__(
        self, file: Path, name: str, settings: Sequence[Setting], *, startup: int, seed: int
    ) -> None:
        """Open the study; nobody else may have it open."""
        self._optuna = import_optuna()
        self._file, self._settings = file, settings
        self._startup, self._seed = startup, seed
        with self._explained():
            self._study = self._optuna.create_study(
                storage=f"sqlite:///{file}",
                study_name=name,
                direction="minimize",
                load_if_exists=True,
            )
            self._queue()

    def trials(self) -> list[Trial]:
        """All that were begun, oldest first."""
        with self._explained():
            return [self._read(one) for one in self._study.get_trials(deepcopy=False) if one.params]

    def begin(self) -> Attempt:
        """The next values to try: those of a trial that was cut off, if there are any."""
        ended = sum(trial.ended for trial in self.trials())
        sampler = self._optuna.samplers.TPESampler(seed=self._seed * _SEEDS_APART + ended)
        with self._explained():
            self._study.sampler = sampler
            handle = self._study.ask({s.name: self._distribution(s) for s in self._settings})
        return Attempt(handle.number, dict(handle.params), handle)

    def add(self, attempt: Attempt, loss: float) -> float | None:
        """Add the loss at one more cutoff, in nats per customer.

        Returns:
            Median of what whole trials had as mean up to this cutoff; None while they are few.
        """
        attempt.losses.append(loss)
        step = len(attempt.losses)
        whole = [trial for trial in self.trials() if trial.state is State.WHOLE]
        with self._explained():
            attempt.handle.report(attempt.mean, step)
        if len(whole) < self._startup:
            return None
        return median(trial.losses[step - 1] for trial in whole)

    def end(self, attempt: Attempt, state: State) -> None:
        """Record how a trial has ended; one that is never ended is tried again."""
        states = self._optuna.trial.TrialState
        with self._explained():
            attempt.handle.set_user_attr("state", state.value)
            if state is State.WHOLE:
                self._study.tell(attempt.handle, attempt.mean)
            else:
                self._study.tell(attempt.handle, state=states.PRUNED)

    def _queue(self) -> None:
        """Have tried first what was cut off; in a new study, the config as it is."""
        states = self._optuna.trial.TrialState
        for left in self._study.get_trials(states=(states.RUNNING,)):
            values = {**left.system_attrs.get("fixed_params", {}), **left.params}
            if values:  # none where nothing was drawn yet
                self._study.enqueue_trial(values)
            self._study.tell(left.number, state=states.FAIL)
        if not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial({s.name: s.configured for s in self._settings})

    def _distribution(self, setting: Setting) -> Any:
        kinds = self._optuna.distributions
        if setting.choices:
            return kinds.CategoricalDistribution(setting.choices)
        number = kinds.IntDistribution if setting.is_whole else kinds.FloatDistribution
        return number(setting.low, setting.high, log=setting.log)

    def _read(self, one: Any) -> Trial:
        means = tuple(one.intermediate_values[step] for step in sorted(one.intermediate_values))
        ended = one.state.name in ("COMPLETE", "PRUNED")
        state = State(one.user_attrs["state"]) if ended else State.CUT_OFF
        return Trial(one.number, dict(one.params), state, means)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, self._optuna.exceptions.StorageInternalError) as error:
            reason = str(error.__cause__ or error).partition("\n")[0].rstrip(".")
            raise EnvironmentFailure(
                f"the study {self._file} cannot be read or written: {reason}. Check space and "
                "permissions of the disk; a damaged file has to be moved away. Then run it again."
            ) from error


def import_optuna() -> Any:
    """Optuna, which is imported by a search only: it takes a second, and is an extra.

    Its log lines go the way of all others.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        optuna = import_module("optuna")
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a search needs Optuna, which cannot be imported: {error}. Install it: pip install "
            "'seqchurn[tune]'."
        ) from None
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    return optuna
