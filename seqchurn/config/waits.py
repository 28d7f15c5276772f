"""Section `waits`: what is waited for, and on which grid of time."""

from __future__ import annotations

from seqchurn.config.section import Section
from seqchurn.config.units import Duration, Instant, Zone

__all__ = ["WaitsConfig"]


class WaitsConfig(Section):
    """What is waited for, and on which grid of time."""

    target: str = "order"
    """Event type whose next occurrence is predicted."""
    step: Duration = "1d"
    """Resolution of the log; several target events in one step count as one."""
    timezone: Zone = "UTC"
    """Zone whose calendar days, weekdays and cutoffs are meant."""
    complete_until: Instant | None = None
    """First instant for which the log is not complete; default: the step after the last target."""
