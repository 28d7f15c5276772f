"""Section `gates`: what a challenger must show before it becomes the champion."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat, PositiveInt

from seqchurn.config.section import Section
from seqchurn.config.units import Duration, Instant

__all__ = ["GatesConfig"]


class GatesConfig(Section):
    """What a challenger must show before it becomes the champion.

    A holdout of interventions, if it is large enough, has gates of its own. Bins and resamples are
    those of `evaluation`.
    """

    cutoff: Instant | None = None
    """First instant not seen by challenger and champion; default: the latest after which all
    horizons of the gates were observed."""
    horizons: list[Duration] | None = Field(default=None, min_length=1)
    """Windows after the cutoff that are judged; default: those of evaluation. Shorter ones let
    a model be trained on newer events."""
    max_log_loss_increase: NonNegativeFloat = 0.0
    """Nats by which the log-loss of a horizon may exceed the champion's; what the bootstrap
    interval over customers leaves open does not count."""
    max_ece: float = Field(default=0.05, ge=0, le=1)
    """Largest calibration error of a horizon over all customers, beyond what chance makes."""
    max_ece_cohort: float = Field(default=0.1, ge=0, le=1)
    """The same within each cohort."""
    min_cohort: PositiveInt = 100
    """Customers of a cohort from which on its calibration is judged."""
