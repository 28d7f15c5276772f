"""A config, its log and a cutoff -> what followed: what `evaluate` and `promote` judge by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from seqchurn.commands.parts import clock_of, end_of_log
from seqchurn.config import Config
from seqchurn.evaluation import Outcomes, count_events, outcomes_at
from seqchurn.waits import histories

__all__ = ["outcomes_of"]


def outcomes_of(
    config: Config,
    sequences: pl.DataFrame,
    cutoff: datetime,
    horizons_days: Sequence[float],
    *,
    numbers: Sequence[str] | None = None,
) -> Outcomes:
    """What followed a cutoff, for every customer known by then.

    Args:
        config: The whole config.
        sequences: The sequences table.
        cutoff: First instant not seen, aware.
        horizons_days: Windows after it, in days.
        numbers: As `seqchurn.waits.histories` takes them, for baselines that read events.

    Raises:
        ConfigError: If the cutoff or a horizon ends outside the log or inside a step.
        DataError: If the log is empty.
    """
    clock = clock_of(config)
    return outcomes_at(
        histories(sequences, clock=clock, target=config.waits.target, numbers=numbers),
        cutoff=cutoff,
        horizons_days=horizons_days,
        end_day=end_of_log(config, sequences),
        clock=clock,
        event_counts=count_events(sequences, cutoff),
    )
