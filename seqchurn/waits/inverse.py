"""A falling function -> where it is zero: how survival is turned back into days.

Newton's steps inside a bracket that shrinks with every value seen. Where a step would leave it, or
steps do not shorten by half, the bracket is halved instead: no function takes longer than halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["falls_to_zero"]

_CLOSE = 1e-10  # a step as short as this is the last one: near a zero, its error is far smaller
_MOST_STEPS = 100  # 40 halvings would narrow all days in reach to a step that is close


def falls_to_zero(
    read: Callable[[Tensor], tuple[Tensor, Tensor]], low: Tensor, first: Tensor, high: Tensor
) -> Tensor:
    """Where a falling function is zero, element by element.

    Args:
        read: Gives values and slopes of the function at points.
        low: Points at or before the zeros, finite, of any shape.
        first: Points to look at first, of the same shape.
        high: Points at or after the zeros, finite, of the same shape.

    Returns:
        Points within about 1e-10 of the zeros, or at an end of the bracket that holds none.

    >>> zero, one, nine = (torch.full((1,), days) for days in (0.0, 1.0, 9.0))
    >>> falls_to_zero(lambda x: (4.0 - x * x, -2.0 * x), zero, one, nine)
    tensor([2.])
    """
    point, last_step = first, torch.full_like(first, math.inf)
    for _ in range(_MOST_STEPS):
        value, slope = read(point)
        low = torch.where(value > 0, point, low)
        high = torch.where(value > 0, high, point)
        newton = point - value / torch.where(slope.isfinite(), slope, 0.0)  # overflow: halve
        step = (newton - point).abs()
        fair = (newton >= low) & (newton <= high) & (step <= 0.5 * last_step)
        following = torch.where(fair | (step <= _CLOSE), newton, 0.5 * (low + high))
        last_step = (following - point).abs()
        point = following
        if (last_step <= _CLOSE).all():
            break
    return point
