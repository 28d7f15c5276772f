"""A wait -> the same wait with orders so much more, or less, frequent at any time.

    S'(t) = S(t) ^ scale,    hazard'(t) = scale * hazard(t)

Conditioning on quiet time commutes with it, whatever was survived.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seqchurn.waits.wait import Wait, log1mexp

__all__ = ["ScaledHazard"]

_TINY = 40.0  # minus the log of a share of survival that equals the hazard passed, in float64


class ScaledHazard(Wait):
    """A wait with proportional hazards (Cox 1972).

    Args:
        wait: The wait as it was, of any batch shape.
        scale: Factor of its hazard, > 0; scalar, float64.
    """

    def __init__(self, wait: Wait, scale: Tensor) -> None:
        self.wait, self.scale = wait, scale

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        return self.scale * self.wait.log_survival(days)

    def log_density(self, days: Tensor) -> Tensor:
        """Log density of the wait, per day."""
        survived = (self.scale - 1.0) * self.wait.log_survival(days)
        return self.scale.log() + survived + self.wait.log_density(days)

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end), as exact as that of the wait as it was."""
        survived = self.wait.log_survival(start)
        rest = survived - self.wait.log_interval(start, end)  # >= 0; small if most orders come
        most = survived - self.wait.log_survival(end)
        passed = torch.where(
            rest < math.log(2.0), most, -log1mexp(rest)
        )  # hazard, without rounding
        share = torch.where(rest > _TINY, self.scale.log() - rest, log1mexp(self.scale * passed))
        return self.scale * survived + torch.where(end < math.inf, share, 0.0)

    @property
    def log_never(self) -> Tensor:
        """Log P(wait = inf)."""
        return self.scale * self.wait.log_never

    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival, found on the wait as it was."""
        return self.wait.days_at(log_survival / self.scale)
