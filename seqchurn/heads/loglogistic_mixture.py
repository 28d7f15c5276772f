"""Context vectors -> waits that are mixtures of log-logistic distributions.

Heavy tails let it extrapolate beyond the observed span, where hazard bins explode; with scales
spread from short waits to long ones it takes any shape in between. K components:

    S(t) = sum_k w_k / (1 + (t / scale_k) ^ shape_k)

Shapes: B customers, L landmarks, C context, K components.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from seqchurn.waits.wait import Wait

__all__ = ["LogLogisticMixture", "LogLogisticMixtureHead"]

_SHORTEST_DAYS = 1e-100  # in place of zero: nobody has ordered by then, whatever the shape


class LogLogisticMixture(Wait):
    """Mixture of log-logistic waits.

    Args:
        log_weight: Log weights that sum to one over K, shape (B, L, K).
        log_scale: Log of the median days of each component, shape (B, L, K).
        log_shape: Log of the shapes; a component of shape s has a tail like days ** -s,
            shape (B, L, K).
    """

    def __init__(self, log_weight: Tensor, log_scale: Tensor, log_shape: Tensor) -> None:
        self.log_weight = log_weight.double()
        self.log_scale = log_scale.double()
        self.log_shape = log_shape.double()

    def _log_odds(self, days: Tensor) -> Tensor:
        """Log odds that each component is over by `days`, shape (..., B, L, K)."""
        log_days = days.double().clamp(min=_SHORTEST_DAYS).log().unsqueeze(-1)
        return self.log_shape.exp() * (log_days - self.log_scale)

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        return torch.logsumexp(self.log_weight - F.softplus(self._log_odds(days)), dim=-1)

    def log_density(self, days: Tensor) -> Tensor:
        """Log density, per day."""
        z = self._log_odds(days)
        log_days = days.double().clamp(min=_SHORTEST_DAYS).log()
        log_hazard_odds = self.log_weight + self.log_shape + z - 2.0 * F.softplus(z)
        return torch.logsumexp(log_hazard_odds, dim=-1) - log_days


class LogLogisticMixtureHead(nn.Module):
    """Maps context vectors to mixtures of log-logistic waits.

    Args:
        context_size: Width C of the context.
        shortest_days: Scale that the first component starts from.
        longest_days: Scale that the last component starts from.
        components: K.
        hidden_size: Width of the layer between context and parameters.
    """

    first_log_scale: Tensor

    def __init__(
        self,
        context_size: int,
        *,
        shortest_days: float,
        longest_days: float,
        components: int,
        hidden_size: int,
    ) -> None:
        super().__init__()
        self.hidden = nn.Linear(context_size, hidden_size)
        self.parameters_of = nn.Linear(hidden_size, 3 * components)
        nn.init.normal_(self.parameters_of.weight, std=0.01)
        nn.init.zeros_(self.parameters_of.bias)
        spread = torch.linspace(math.log(shortest_days), math.log(longest_days), components)
        self.register_buffer("first_log_scale", spread)

    def forward(self, context: Tensor) -> LogLogisticMixture:
        """Waits of batch shape (B, L) for context of shape (B, L, C)."""
        raw = self.parameters_of(F.gelu(self.hidden(context)))  # (B, L, 3K)
        logit, scale, shape = raw.chunk(3, dim=-1)  # each (B, L, K)
        return LogLogisticMixture(
            log_weight=F.log_softmax(logit.double(), dim=-1),
            log_scale=self.first_log_scale + 4.0 * torch.tanh(scale / 4.0),  # within e^4 of start
            log_shape=0.4 + 2.0 * torch.tanh(shape / 2.0),  # shapes from 0.2 to 11
        )
