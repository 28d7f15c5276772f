"""Section `guards`: what must hold before scores are published."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt

from seqchurn.config.section import Section

__all__ = ["GuardName", "GuardsConfig"]

GuardName = Literal[
    "staleness_hours",
    "order_staleness_hours",
    "model_age_days",
    "bad_scores",
    "customers_dropped",
    "events_dropped",
    "unknown_events",
    "score_psi",
    "score_distance",
    "quiet_psi",
    "event_mix_psi",
]
"""Each has a limit in the section, `max_` before its name."""


class GuardsConfig(Section):
    """What must hold before scores are published; null switches a guard off.

    Some compare with the table published last before the moment, if there is one.
    """

    warn: list[GuardName] = ["score_psi", "score_distance", "quiet_psi", "event_mix_psi"]
    """Guards that only warn; all others refuse to publish."""
    max_staleness_hours: float | None = Field(default=72.0, ge=0)
    """From the newest event to the moment that is scored."""
    max_order_staleness_hours: float | None = Field(default=168.0, ge=0)
    """From the newest order of all customers to the moment: other events may go on without it."""
    max_model_age_days: float | None = Field(default=180.0, ge=0)
    """From the training cutoff of the model to the moment that is scored."""
    max_bad_scores: NonNegativeInt | None = 0
    """Customers with a score that is no finite number, or outside of its range."""
    max_customers_dropped: float | None = Field(default=0.05, ge=0, le=1)
    """Share by which customers are fewer than in the last table."""
    max_events_dropped: float | None = Field(default=0.05, ge=0, le=1)
    """Share by which events are fewer than those of the last table."""
    max_unknown_events: float | None = Field(default=0.05, ge=0, le=1)
    """Share of recent events of a type that the model has never seen."""
    max_score_psi: float | None = Field(default=0.25, ge=0)
    """Population stability index of P(order) against the last table, the worst horizon."""
    max_score_distance: float | None = Field(default=0.2, ge=0, le=1)
    """Largest distance of the distributions of P(order) (Kolmogorov-Smirnov), the worst horizon."""
    max_quiet_psi: float | None = Field(default=0.25, ge=0)
    """Population stability index of the days since the last order."""
    max_event_mix_psi: float | None = Field(default=0.25, ge=0)
    """Population stability index of the types of recent events."""
    recent_days: float = Field(default=28.0, gt=0)
    """Days before the moment whose events are recent."""
