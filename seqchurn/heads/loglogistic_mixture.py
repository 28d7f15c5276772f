"""Context vectors -> waits that are mixtures of log-logistic distributions.

Heavy tails let it extrapolate beyond the observed span, where hazard bins explode. A component is
a logistic bell in log days:

    P(T > t) = 1 / (1 + (t / scale) ^ shape)

Shapes: B customers, L landmarks, K components.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqchurn.heads.mixture import MixtureHead, MixtureWait
from seqchurn.waits.wait import log1mexp

__all__ = ["LogLogisticMixture", "LogLogisticMixtureHead"]

_SMALLEST = 1e-300


class LogLogisticMixture(MixtureWait):
    """Mixture of log-logistic waits; a component of shape s has a tail like days ** -s.

    Summed as probabilities, which is half the work of sums in log space: in float64 a logistic
    tail is above 1e-300 up to 690, farther than any days in reach are from any scale of a head.
    """

    def _log_tail(self, ahead: Tensor) -> Tensor:
        return self._log_sum(torch.sigmoid(ahead))

    def _log_bell(self, ahead: Tensor) -> Tensor:
        return self._log_sum(self.shape * torch.sigmoid(ahead) * torch.sigmoid(-ahead))

    def _log_between(self, ahead: Tensor, behind: Tensor, gap: Tensor) -> Tensor:
        # sigmoid(b) - sigmoid(-a) = sigmoid(b) sigmoid(a) (1 - exp(-a - b))
        minus_mass = torch.sigmoid(ahead) * torch.sigmoid(behind) * torch.expm1(gap)
        return self._log_sum(minus_mass)

    def _log_sum(self, mass: Tensor) -> Tensor:
        """Log of the weighted sum over components of masses of one sign, whichever."""
        return (self.weight * mass).sum(dim=-1).abs().clamp(min=_SMALLEST).log()

    @staticmethod
    def _ahead_at(log_tail: Tensor) -> Tensor:
        return log_tail - log1mexp(-log_tail)


class LogLogisticMixtureHead(MixtureHead):
    """Maps context vectors to mixtures of log-logistic waits."""

    wait = LogLogisticMixture
    first_log_shape = 0.4  # shapes from 0.2 to 11
    at_once = False
