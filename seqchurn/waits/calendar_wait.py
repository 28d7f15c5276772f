"""A wait in active days -> the same wait in days of the calendar.

    S(t) = S_active(active days from the wait's start to t days later)

Intervals, quantiles and conditioning on quiet time stay what they are: only time is measured
with another clock.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqchurn.waits.timeline import Timeline
from seqchurn.waits.wait import Wait

__all__ = ["CalendarWait"]


class CalendarWait(Wait):
    """A wait that runs in active days.

    Args:
        wait: The wait in active days, batch shape (B, L).
        start_day: Day from which it is counted, shape (B, L), float64.
        timeline: How active days pass.
    """

    def __init__(self, wait: Wait, start_day: Tensor, timeline: Timeline) -> None:
        self.wait, self.start_day, self.timeline = wait, start_day, timeline
        self.before = timeline.active(start_day)

    def _active(self, days: Tensor) -> Tensor:
        return (self.timeline.active(self.start_day + days) - self.before).clamp(min=0.0)

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        return self.wait.log_survival(self._active(days))

    def log_density(self, days: Tensor) -> Tensor:
        """Log density, per day of the calendar."""
        return self.wait.log_density(self._active(days)) + self.timeline.log_rate(
            self.start_day + days
        )

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end)."""
        return self.wait.log_interval(self._active(start), self._active(end))

    @property
    def log_never(self) -> Tensor:
        """Log P(wait = inf): no clock changes it."""
        return self.wait.log_never

    @torch.no_grad()
    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival, found in active days."""
        active = self.wait.days_at(log_survival)
        days = self.timeline.day(self.before + active) - self.start_day
        return torch.where(active.isinf(), active, days)
