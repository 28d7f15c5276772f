"""Context vectors -> waits with a hazard that is constant within the bins of a grid.

The constant hazard interpolation of Kvamme and Borgan (2021), "Continuous and discrete-time
survival prediction with neural networks", section 3.2: log survival is linear within a bin. Bins
end on cut points evenly spaced in log days; beyond the last the hazard falls like 1 / t, so that
the tail is that of a Pareto distribution:

    log S(t) = -sum_j hazard_j * (days of bin j before t) - exponent * log(t / last cut) beyond

Shapes: B customers, L landmarks, C context, J bins.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from seqchurn.waits.wait import LONGEST_DAYS, SHORTEST_DAYS, Wait, log1mexp, log_days, log_ratio

__all__ = ["HazardGrid", "HazardGridHead"]


class HazardGrid(Wait):
    """Waits with a piecewise constant hazard and a Pareto tail.

    Args:
        cuts: Days on which the bins end, ascending, shape (J,); the first bin starts at zero.
        log_hazard: Log hazard per day in each bin, shape (B, L, J).
        log_exponent: Log exponent of the tail; survival falls like days ** -exponent,
            shape (B, L).
    """

    def __init__(self, cuts: Tensor, log_hazard: Tensor, log_exponent: Tensor) -> None:
        self.cuts = cuts.double()
        self.starts = F.pad(self.cuts, (1, 0))  # (J + 1,) of the bins and of the tail
        self.hazard = log_hazard.double().exp()
        self.exponent = log_exponent.double().exp()

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        return -self._hazard_between(torch.zeros_like(days), days)

    def log_density(self, days: Tensor) -> Tensor:
        """Log density, per day; on a cut that of the bin which ends there."""
        at = days.double().unsqueeze(-1)  # (..., B, L, 1)
        inside = (at > self.starts[:-1]) & (at <= self.cuts)  # (..., B, L, J)
        bins = (self.hazard * inside).sum(dim=-1)
        hazard = torch.where(days > self.cuts[-1], self.exponent / days, bins)
        return hazard.log() + self.log_survival(days)

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end), from the hazard between: exact at any width."""
        between = self._hazard_between(start, end).masked_fill(end == math.inf, math.inf)
        return self.log_survival(start) + log1mexp(between)

    @torch.no_grad()
    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival, in closed form: the bin is found, then the place in it."""
        gathered = (self.hazard * self.cuts.diff(prepend=self.starts[:1])).cumsum(dim=-1)
        before = F.pad(gathered, (1, 0))  # (B, L, J + 1) hazard gathered before each bin
        needed = -log_survival.unsqueeze(-1)  # (..., B, L, 1)
        index = (needed > gathered).sum(dim=-1, keepdim=True)  # (..., B, L, 1) J is the tail
        shape = (*index.shape[:-1], before.shape[-1])
        missing = (needed - before.expand(shape).gather(-1, index)).squeeze(-1)  # (..., B, L)
        hazard = F.pad(self.hazard, (0, 1), value=1.0).expand(shape).gather(-1, index).squeeze(-1)
        inside = self.starts[index.squeeze(-1)] + missing / hazard
        tail = (log_days(self.cuts[-1]) + missing / self.exponent).exp()
        days = torch.where(index.squeeze(-1) == len(self.cuts), tail, inside)
        return torch.where(days > LONGEST_DAYS, math.inf, days.clamp(min=SHORTEST_DAYS))

    def _hazard_between(self, start: Tensor, end: Tensor) -> Tensor:
        """Hazard gathered between days, shape (..., B, L)."""
        start, end = start.double(), end.double()
        last = self.cuts[-1]
        upper = torch.minimum(end.unsqueeze(-1), self.cuts)  # (..., B, L, J)
        overlap = (upper - torch.maximum(start.unsqueeze(-1), self.starts[:-1])).clamp(min=0.0)
        tail = self.exponent * log_ratio(start.clamp(min=last), end.clamp(min=last))
        return (self.hazard * overlap).sum(dim=-1) + tail


class HazardGridHead(nn.Module):
    """Maps context vectors to hazards on a grid.

    Hazards are held per unit of log days and grow out of each other from bin to bin, so that bins
    beyond the data, and the tail, go on as the last bins with data did. At the start they are one
    constant, with the median in the middle of the span.

    Args:
        context_size: Width C of the context.
        shortest_days: First cut.
        longest_days: Last cut.
        bins: J.
        hidden_size: Width of the layer between context and parameters.
    """

    cuts: Tensor
    log_width: Tensor

    def __init__(
        self,
        context_size: int,
        *,
        shortest_days: float,
        longest_days: float,
        bins: int,
        hidden_size: int,
    ) -> None:
        super().__init__()
        self.hidden = nn.Linear(context_size, hidden_size)
        self.parameters_of = nn.Linear(hidden_size, bins + 1)
        nn.init.normal_(self.parameters_of.weight, std=0.01)
        nn.init.zeros_(self.parameters_of.bias)
        first, last = math.log(shortest_days), math.log(longest_days)
        cuts = torch.linspace(first, last, bins, dtype=torch.float64).exp()
        log_step = (last - first) / (bins - 1)
        widths = cuts.diff(prepend=torch.zeros(1, dtype=torch.float64))
        self.register_buffer("cuts", cuts)
        self.register_buffer("log_width", (widths / log_step).log())
        self.first_level = math.log(math.log(2.0) / (0.5 * (last - first) + log_step))

    def forward(self, context: Tensor) -> HazardGrid:
        """Waits of batch shape (B, L) for context of shape (B, L, C)."""
        raw = self.parameters_of(F.gelu(self.hidden(context)))  # (B, L, J + 1)
        level = self.first_level + 5.0 * torch.tanh(raw.cumsum(dim=-1) / 5.0)  # within e^5
        return HazardGrid(self.cuts, level[..., :-1] - self.log_width, level[..., -1])
