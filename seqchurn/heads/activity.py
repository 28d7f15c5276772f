"""Weekday, hour and season -> how busy the shop is: the clock that waits run by.

What moves all customers at once is learned once for all of them: a pattern of the week (and of the
day, where the log is finer than a day) and a level that changes over the training span. Without
it a closed Sunday or a Christmas rush would look like something that customers did.

Nothing is known of the future: there the pattern goes on, and the level of the end of the span
fades to the (geometric) mean of the whole span.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from seqchurn.datasets.facts import DataFacts
from seqchurn.waits.timeline import Timeline

__all__ = ["Activity"]

_HOUR = 1.0 / 24.0
_WEEKDAYS_FROM_DAYS = 28.0  # before four weeks are seen, a weekday is not told from a date
_RECENT = 4.0 / 26.0  # share of the span whose level is taken for the present one
_FADES_IN = 1.0 / 8.0  # of the span: time constant by which the present level fades
_AHEAD_DAYS = 366.0  # the pattern goes on at least so long
_PRIOR = 1e-3  # nats per squared log level: levels stay near one unless the log says otherwise
_PACE = 3.0  # log rates move so much faster than the weights of the network
_HIGHEST_RATE = 1e3  # and its inverse the lowest: even a closed day passes


class Activity(nn.Module):
    """Rates of activity over the training span and after it, relative to their mean.

    Args:
        facts: Span, end and resolution of the training data.
        levels: Stretches of the span, each with a level of its own; 0 for a constant level.
    """

    def __init__(self, facts: DataFacts, *, levels: int) -> None:
        super().__init__()
        self.cell_days = 1.0 if facts.step_days >= 1.0 else _HOUR
        first_cell = math.floor((facts.end_day - facts.longest_days) / self.cell_days)
        self.first_day = first_cell * self.cell_days
        self.past = max(math.ceil((facts.end_day - self.first_day) / self.cell_days - 1e-6), 1)
        self.future = math.ceil(max(facts.longest_days, _AHEAD_DAYS) / self.cell_days)
        self.fading_cells = _FADES_IN * facts.longest_days / self.cell_days
        hours = 24 if self.cell_days < 1.0 else 1
        weekdays = 7 if facts.longest_days >= _WEEKDAYS_FROM_DAYS else 1
        cell = torch.arange(first_cell, first_cell + self.past + self.future)
        self.register_buffer("hour", cell % hours, persistent=False)
        self.register_buffer("weekday", cell // hours % weekdays, persistent=False)
        self.by_hour = nn.Parameter(torch.zeros(hours))
        self.by_weekday = nn.Parameter(torch.zeros(weekdays))
        self.by_level = nn.Parameter(torch.zeros(min(max(levels, 1), self.past)))

    hour: Tensor
    weekday: Tensor

    def forward(self) -> Timeline:
        """How active days pass."""
        log_rate = self._log_level()  # (past + future,)
        for pattern, of_cell in ((self.by_hour, self.hour), (self.by_weekday, self.weekday)):
            share = torch.log_softmax(_PACE * pattern.double(), dim=0)
            log_rate = log_rate + (share + math.log(len(pattern)))[of_cell]
        bound = math.log(_HIGHEST_RATE)
        return Timeline(self.first_day, self.cell_days, log_rate.clamp(-bound, bound).exp())

    def penalty(self) -> Tensor:
        """Negative log prior of the levels, in nats per landmark; keeps them near one."""
        return _PRIOR * self._log_levels().square().sum()

    def _log_levels(self) -> Tensor:
        levels = _PACE * self.by_level.double()
        return levels - levels.mean()

    def _log_level(self) -> Tensor:
        """Log level of every cell, shape (past + future,)."""
        levels = self._log_levels()
        stretch = torch.arange(self.past, device=levels.device) * len(levels) // self.past
        recent = levels[-max(round(_RECENT * len(levels)), 1) :].mean()
        ahead = torch.arange(self.future, device=levels.device, dtype=torch.float64)
        fading = recent * torch.exp(-ahead / self.fading_cells)
        return torch.cat([levels[stretch], fading])
