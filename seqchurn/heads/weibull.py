"""Context vectors -> Weibull waits: the WTTE-RNN of Martinsson (2016), kept as a baseline.

    S(t) = exp(-(t / scale) ^ shape)

Shapes: B customers, L landmarks, C context.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from seqchurn.waits.wait import LONGEST_DAYS, SHORTEST_DAYS, Wait, log1mexp, log_days, log_ratio

__all__ = ["Weibull", "WeibullHead"]

_STEEPEST = 30.0


class Weibull(Wait):
    """Weibull waits.

    Args:
        log_scale: Log of the days after which 1/e of the waits are still open, shape (B, L).
        log_shape: Log of the shape; the hazard falls with time below shape 1, rises above,
            shape (B, L).
    """

    def __init__(self, log_scale: Tensor, log_shape: Tensor) -> None:
        self.log_scale = log_scale.double()
        self.log_shape = log_shape.double()

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        return -self._cumulative_hazard(self._log_cumulative_hazard(days))

    def log_density(self, days: Tensor) -> Tensor:
        """Log density, per day."""
        z = self._log_cumulative_hazard(days)
        log_hazard = self.log_shape + z.clamp(max=_STEEPEST) - log_days(days)
        return log_hazard - self._cumulative_hazard(z)

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end), from the hazard between: exact at any width."""
        until_end = self._cumulative_hazard(self._log_cumulative_hazard(end))
        between = -until_end * torch.expm1(-self.log_shape.exp() * log_ratio(start, end))
        return self.log_survival(start) + log1mexp(between)

    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival, in closed form."""
        hazard = -log_survival
        steep = math.exp(_STEEPEST)
        z = torch.where(hazard < steep, hazard.log(), _STEEPEST - 1.0 + hazard / steep)
        days = (self.log_scale + z / self.log_shape.exp()).exp().clamp(min=SHORTEST_DAYS)
        return torch.where(days > LONGEST_DAYS, math.inf, days)

    def _log_cumulative_hazard(self, days: Tensor) -> Tensor:
        return self.log_shape.exp() * (log_days(days) - self.log_scale)

    @staticmethod
    def _cumulative_hazard(z: Tensor) -> Tensor:
        """exp(z), but linear in z from e^30 on, where gradients would leave float32."""
        return z.clamp(max=_STEEPEST).exp() * (1.0 + (z - _STEEPEST).clamp(min=0.0))


class WeibullHead(nn.Module):
    """Maps context vectors to Weibull waits.

    Scale and shape are bounded, which keeps the loss finite from the first step on.

    Args:
        context_size: Width C of the context.
        shortest_days: Shortest wait of interest.
        longest_days: Longest wait of interest; scales start at the geometric mean of the two.
        hidden_size: Width of the layer between context and parameters.
    """

    def __init__(
        self, context_size: int, *, shortest_days: float, longest_days: float, hidden_size: int
    ) -> None:
        super().__init__()
        self.hidden = nn.Linear(context_size, hidden_size)
        self.parameters_of = nn.Linear(hidden_size, 2)
        nn.init.normal_(self.parameters_of.weight, std=0.01)
        nn.init.zeros_(self.parameters_of.bias)
        self.first_log_scale = 0.5 * (math.log(shortest_days) + math.log(longest_days))
        self.reach = 0.5 * (math.log(longest_days) - math.log(shortest_days)) + 2.0

    def forward(self, context: Tensor) -> Weibull:
        """Waits of batch shape (B, L) for context of shape (B, L, C)."""
        raw = self.parameters_of(F.gelu(self.hidden(context)))  # (B, L, 2)
        scale, shape = raw.unbind(dim=-1)  # each (B, L)
        return Weibull(
            log_scale=self.first_log_scale + self.reach * torch.tanh(scale / self.reach),
            log_shape=1.6 * torch.tanh(shape / 1.6),  # shapes from 0.2 to 5
        )
