"""Context vectors -> waits that are mixtures of log-normal distributions, with an atom at once.

The mark of Shchur, Bilos and Guennemann (2020), section 3.2, with a mass for an order in the very
next step: on a grid it lies in the first interval. Tails are lighter than those of the log-logistic
mixture. A component is a normal bell in log days of deviation 1 / shape:

    P(T > t) = Phi(-shape log(t / scale))

Shapes: B customers, L landmarks, K components.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.special import log_ndtr

from seqchurn.heads.mixture import MixtureHead, MixtureWait
from seqchurn.waits.wait import log1mexp

__all__ = ["LogNormalMixture", "LogNormalMixtureHead"]

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
_NARROW = 1e-4
"""Gaps below this are read off the bell: the difference would lose more than four digits."""


class LogNormalMixture(MixtureWait):
    """Mixture of log-normal waits, summed in log space: normal tails leave float64 at z = 38."""

    def _log_tail(self, ahead: Tensor) -> Tensor:
        return torch.logsumexp(self.log_weight + log_ndtr(ahead), dim=-1)

    def _log_bell(self, ahead: Tensor) -> Tensor:
        bell = self.shape.log() - 0.5 * ahead.square() - _LOG_SQRT_2PI
        return torch.logsumexp(self.log_weight + bell, dim=-1)

    def _log_between(self, ahead: Tensor, behind: Tensor, gap: Tensor) -> Tensor:
        mass = _log_normal_between(ahead, behind, gap)
        return torch.logsumexp(self.log_weight + mass, dim=-1)

    @staticmethod
    def _ahead_at(log_tail: Tensor) -> Tensor:
        # P(Z <= -z) <= exp(-z^2 / 2) / 2: where ndtri has no more numbers, close enough
        beyond = -(-2.0 * (log_tail + math.log(2.0))).clamp(min=0.0).sqrt()
        return torch.where(log_tail < -700.0, beyond, torch.special.ndtri(log_tail.exp()))


def _log_normal_between(ahead: Tensor, behind: Tensor, gap: Tensor) -> Tensor:
    """Log P(-ahead < Z <= behind) of a standard normal.

    A difference of tails, taken on the side where they are small; for a narrow interval the bell
    in its middle m times its width d, corrected by the series of the integral in d.
    """
    late = ahead < behind
    outer = log_ndtr(torch.where(late, ahead, behind))
    inner = log_ndtr(-torch.where(late, behind, ahead))
    wide = outer + log1mexp(outer - inner)
    middle = 0.5 * (behind - ahead)
    lean = (0.5 * middle * gap).square()  # (m d / 2)^2; log(sinh(x) / x) = x^2 / 6 - x^4 / 180
    bell = -0.5 * middle.square() - _LOG_SQRT_2PI
    narrow = bell + (-gap).log() + lean / 6.0 - lean.square() / 180.0 - gap.square() / 24.0
    return torch.where(-gap < _NARROW, narrow, wide)


class LogNormalMixtureHead(MixtureHead):
    """Maps context vectors to mixtures of log-normal waits, with an atom at once."""

    wait = LogNormalMixture
    first_log_shape = -0.2  # the deviation of a log-logistic of shape e^0.4; from 0.17 to 9
    at_once = True
