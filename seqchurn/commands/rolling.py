"""A config and its log -> the cutoffs of a backtest, and what followed each of them."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from seqchurn.commands.outcomes import histories_of
from seqchurn.commands.parts import attributes_of, clock_of, end_of_log, score_options
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.evaluation import Outcomes, count_events, outcomes_at
from seqchurn.evaluation.cutoffs import rolling_cutoffs

__all__ = ["Rolling"]


class Rolling:
    """The past of a log, seen from one cutoff after another.

    Args:
        config: The whole config.
        log: The sequences table.

    Raises:
        ConfigError: If the cutoffs do not fit into the log.
        DataError: If the sequences lack an attribute.
    """

    def __init__(self, config: Config, log: pl.DataFrame) -> None:
        """Lay out the cutoffs."""
        self._log, self._clock, self._end_day = log, clock_of(config), end_of_log(config)
        self._horizons_days = list(score_options(config).horizons.values())
        self._orders = histories_of(config, log, numbers=attributes_of(config).numbers)
        until = config.backtest.until
        first_day = self._orders.select(pl.col("order_days").list.first().min()).item()
        self.cutoffs = rolling_cutoffs(
            (first_day, self._end_day),
            count=config.backtest.cutoffs,
            every_days=duration_days(config.backtest.every),
            longest_days=max(self._horizons_days),
            until=self._clock.instant(until) if until else None,
            clock=self._clock,
        )

    def outcomes(self, cutoff: datetime) -> Outcomes:
        """What followed a cutoff, for every customer known by then."""
        return outcomes_at(
            self._orders,
            cutoff=cutoff,
            horizons_days=self._horizons_days,
            end_day=self._end_day,
            clock=self._clock,
            event_counts=count_events(self._log, cutoff),
        )
