"""Days since 1970-01-01 -> where they lie in the day and in the week, as smooth waves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["DAY_WAVES", "WEEK_WAVES", "day_waves", "week_waves"]

DAY_WAVES, WEEK_WAVES = 2, 6


def day_waves(days: Tensor) -> Tensor:
    """Time of day as sine and cosine, shape (..., 2); constant where days are whole."""
    return _waves(days.frac(), 1)


def week_waves(days: Tensor) -> Tensor:
    """Day of the week as three pairs of sine and cosine, which tell seven days apart, (..., 6)."""
    return _waves(((days.floor() + 3.0) / 7.0).frac(), 3)  # 1970-01-01 was a Thursday


def _waves(phase: Tensor, harmonics: int) -> Tensor:
    angles = [2.0 * math.pi * k * phase for k in range(1, harmonics + 1)]
    return torch.stack([f(a) for a in angles for f in (torch.sin, torch.cos)], dim=-1).float()
