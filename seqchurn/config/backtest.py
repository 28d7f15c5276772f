"""Section `backtest`: at which moments of the past a model is tried."""

from __future__ import annotations

from pydantic import PositiveInt

from seqchurn.config.section import Section
from seqchurn.config.units import Duration, Instant

__all__ = ["BacktestConfig"]


class BacktestConfig(Section):
    """At which moments of the past a model is tried; the other cutoffs play no part."""

    cutoffs: PositiveInt = 4
    """Rolling cutoffs; before the first must lie as much of the log as the longest horizon."""
    every: Duration = "28d"
    """From one cutoff to the next."""
    until: Instant | None = None
    """Last cutoff; default: the latest after which the longest horizon was observed."""
