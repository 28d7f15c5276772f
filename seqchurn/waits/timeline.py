"""Rates of activity over the calendar -> active days passed by any day, and back.

A shop is not equally busy on all days: it closes on Sundays, sleeps at night, peaks before
Christmas. Counted in active days, which pass faster when the shop is busier, waits are more alike
(the operational time of renewal theory; Feller 1971, vol. II, sect. X.7). N cells of the calendar.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["Timeline"]


class Timeline:
    """Active days as a piecewise linear function of calendar days.

    Args:
        first_day: Where the first cell starts, in days since 1970-01-01.
        cell_days: Length of a cell.
        rate: Active days per day in each cell, > 0, shape (N,), float64; before the first and
            after the last cell an active day is a day.
    """

    def __init__(self, first_day: float, cell_days: float, rate: Tensor) -> None:
        self.first_day, self.cell_days, self.rate = first_day, cell_days, rate
        passed = cell_days * rate.cumsum(0)
        self.passed = torch.cat([passed.new_zeros(1), passed])  # (N + 1,) at the borders of cells

    def active(self, day: Tensor) -> Tensor:
        """Active days from the first cell to a day, float64, any shape; rises with the day."""
        position = (day - self.first_day) / self.cell_days
        inside = position.clamp(0.0, len(self.rate))
        cell = self._cell(inside)
        within = self.passed[cell] + (inside - cell) * self.rate[cell] * self.cell_days
        return within + (position - inside) * self.cell_days

    def day(self, active: Tensor) -> Tensor:
        """The day by which so many active days have passed: the inverse of `active`."""
        inside = active.clamp(min=0.0).minimum(self.passed[-1]).contiguous()  # else torch warns
        cell = (torch.searchsorted(self.passed, inside, right=True) - 1).clamp(
            max=len(self.rate) - 1
        )
        share = (inside - self.passed[cell]) / (self.rate[cell] * self.cell_days)
        return self.first_day + (cell + share) * self.cell_days + (active - inside)

    def log_rate(self, day: Tensor) -> Tensor:
        """Log of active days per day just before a day, any shape."""
        position = (day - self.first_day) / self.cell_days
        outside = (position <= 0.0) | (position > len(self.rate))
        cell = (position.clamp(0.0, len(self.rate)).ceil().long() - 1).clamp(min=0)
        return torch.where(outside, 0.0, self.rate[cell].log())

    def _cell(self, inside: Tensor) -> Tensor:
        return inside.floor().long().clamp(max=len(self.rate) - 1)
