"""A config, its log and a cutoff -> what followed: what models are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from seqchurn.commands.parts import clock_of, end_of_log
from seqchurn.config import Config
from seqchurn.evaluation import Interventions, Outcomes, count_events, outcomes_at
from seqchurn.waits import histories

__all__ = ["histories_of", "interventions_of", "outcomes_of"]


def interventions_of(config: Config) -> Interventions:
    """What is known of what the shop does."""
    section = config.interventions
    return Interventions(treatment=section.treatment, holdout=section.holdout)


def histories_of(
    config: Config, sequences: pl.DataFrame, *, numbers: Sequence[str] | None = None
) -> pl.DataFrame:
    """Histories of all customers, with what the shop did as far as it is known.

    Args:
        config: The whole config.
        sequences: The sequences table.
        numbers: As `seqchurn.waits.histories` takes them, for baselines that read events.

    Raises:
        ConfigError: If a type of event that is named as intervention never occurs.
    """
    clock, interventions = clock_of(config), interventions_of(config)
    orders = histories(sequences, clock=clock, target=config.waits.target, numbers=numbers)
    found = interventions.add_to(orders, sequences, clock)
    interventions.check(found)
    return found


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
        ConfigError: If the cutoff or a horizon ends outside the log or inside a step, or a type of
            event that is named as intervention never occurs.
        DataError: If the log is empty.
    """
    return outcomes_at(
        histories_of(config, sequences, numbers=numbers),
        cutoff=cutoff,
        horizons_days=horizons_days,
        end_day=end_of_log(config, sequences),
        clock=clock_of(config),
        event_counts=count_events(sequences, cutoff),
    )
