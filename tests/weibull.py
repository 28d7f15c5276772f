"""Waits whose numbers can be worked out by hand."""

from __future__ import annotations

import torch
from torch import Tensor

from seqchurn.waits.wait import Wait


class Weibull(Wait):
    """Waits with log survival -(days / scale) ** shape."""

    def __init__(self, scale: list[float], shape: float) -> None:
        self.scale, self.shape = torch.tensor(scale, dtype=torch.float64), shape

    def log_survival(self, days: Tensor) -> Tensor:
        return -((days / self.scale) ** self.shape)

    def log_density(self, days: Tensor) -> Tensor:
        hazard = self.shape / self.scale * (days / self.scale) ** (self.shape - 1)
        return hazard.log() + self.log_survival(days)
