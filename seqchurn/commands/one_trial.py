"""Values of settings -> a config, fitted and judged at each cutoff in turn, and recorded.

The fits of a trial that is cut off stay, and are gone on with when its values are tried again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from seqchurn.commands.fitting import checkpoints_of
from seqchurn.commands.validation import Validation
from seqchurn.config import Config
from seqchurn.config.space import with_values
from seqchurn.errors import DivergedError
from seqchurn.tracking import Run, start_run
from seqchurn.tuning import Attempt, Search, State

__all__ = ["OutOfTime", "Trying", "try_next"]

_log = logging.getLogger(__name__)

_EPOCH_BY_EPOCH = ("commands.fitting", "commands.one_network", "training.fit")
"""Modules whose log lines tell of one fit; of many fits they would bury all else."""


class OutOfTime(Exception):
    """The time is over, and a trial is cut off."""


@dataclass(frozen=True)
class Trying:
    """What the trials of one run share."""

    config: Config
    """As it is, without the values that are tried."""
    search: Search
    study: str
    """Its name."""
    validation: Validation
    digest: str
    """Of the sequences."""
    tracked: Run
    """The run that each trial is a part of."""
    deadline: float
    """When the time is over, by the monotonic clock, in seconds."""

    def check_time(self, *_: object) -> None:
        """Stop if the time is over.

        Raises:
            OutOfTime: It is.
        """
        if time.monotonic() >= self.deadline:
            raise OutOfTime


def try_next(trying: Trying) -> None:
    """Try the next values, up to the last cutoff or to one where they are hopeless.

    Raises:
        OutOfTime: If the time is over before.
        SeqchurnError: If the data, the study or the MLflow store do not allow it.
    """
    trying.check_time()
    attempt = trying.search.begin()
    _log.info("trial %d: %s", attempt.number, _said(attempt))
    with _tracked(trying, attempt) as tracked, ExitStack() as checkpoints:
        state = _judged(trying, attempt, tracked, checkpoints)
        trying.search.end(attempt, state)
        tracked.log_tags({"seqchurn.state": state.value})


def _judged(trying: Trying, attempt: Attempt, tracked: Run, checkpoints: ExitStack) -> State:
    """Fit and judge at one cutoff after another."""
    config = with_values(trying.config, attempt.values)
    cutoffs = trying.validation.cutoffs
    for step, cutoff in enumerate(cutoffs, start=1):
        folder = checkpoints.enter_context(checkpoints_of(config, cutoff, trying.digest))
        place = f"trial {attempt.number}, cutoff {step} of {len(cutoffs)}, {cutoff:%Y-%m-%d}"
        try:
            with _few_lines():
                loss = trying.validation.loss(
                    config, cutoff, checkpoints=folder, on_epoch=trying.check_time
                )
        except DivergedError as error:
            _log.warning("%s: %s", place, error)
            return State.DIVERGED
        middle = trying.search.add(attempt, loss)
        tracked.log_metrics({"loss": loss, "mean_loss": attempt.mean}, step=step)
        _log.info("%s: loss %.4f, mean so far %.4f", place, loss, attempt.mean)
        if middle is not None and attempt.mean > middle and step < len(cutoffs):
            _log.info("%s: pruned, for the median of whole trials is %.4f there", place, middle)
            return State.PRUNED
    return State.WHOLE


def _tracked(trying: Trying, attempt: Attempt) -> AbstractContextManager[Run]:
    config = trying.config
    return start_run(
        config.store,
        config.tracking.experiment or config.name,
        kind="trial",
        config=attempt.values,
        tags={
            "seqchurn.dataset": config.name,
            "seqchurn.dataset_digest": trying.digest,
            "seqchurn.study": trying.study,
            "seqchurn.trial": str(attempt.number),
        },
        parent=trying.tracked,
    )


def _said(attempt: Attempt) -> str:
    texts = {n: f"{v:.4g}" if isinstance(v, float) else str(v) for n, v in attempt.values.items()}
    return ", ".join(f"{name} {text}" for name, text in texts.items())


@contextmanager
def _few_lines() -> Iterator[None]:
    """Leave out what is told of each epoch, unless details are asked for."""
    loggers = [logging.getLogger(f"seqchurn.{name}") for name in _EPOCH_BY_EPOCH]
    before = [logger.level for logger in loggers]
    if not _log.isEnabledFor(logging.DEBUG):
        for logger in loggers:
            logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
