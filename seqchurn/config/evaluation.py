"""Section `evaluation`: what a model is asked, and when."""

from __future__ import annotations

from pydantic import Field, PositiveInt

from seqchurn.config.section import Section
from seqchurn.config.units import Duration, Instant

__all__ = ["EvaluationConfig"]


class EvaluationConfig(Section):
    """What a model is asked, and when."""

    cutoff: Instant | None = None
    """First instant not seen; default: the cutoff of training."""
    horizons: list[Duration] = Field(default=["7d", "28d", "90d"], min_length=1)
    """Windows after the cutoff within which an order is asked for; scores publish the same."""
    calibration_bins: PositiveInt = 10
    """Bins of equal count in calibration errors and reliability curves."""
    resamples: PositiveInt = 1_000
    """Bootstrap resamples of customers, for intervals of differences and of D-calibration."""
