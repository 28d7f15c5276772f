"""A wait -> how many orders come in a while if every wait is like this one: the renewal function.

    M(t) = F(t) + integral over s from 0 to t of M(t - s) dF(s)

(Feller 1971, vol. II, eq. XI.1.2), solved from left to right at the borders of cells. With cells of
one step of the log the solution is exact. In a longer cell M is taken for a straight line, and the
waits that end inside for such of a constant hazard, or several in the first cells: that keeps the
number of orders in the long run, one over the mean wait, about what it is.

Shapes: N waits, C cells, P parts of cells.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seqchurn.waits.wait import Wait

__all__ = ["renewals"]

_MOST_CELLS = 64
_FINE_CELLS, _PARTS = 4, 16  # so many cells at the start are looked at in so many parts
_OVER = -700.0  # log survival of who has ordered for certain: finite, and exp of it is, too


def renewals(wait: Wait, days: Tensor, *, longest_days: float, step_days: float) -> Tensor:
    """Expected number of orders within days of an order, all waits alike.

    Args:
        wait: From one order to the next, batch shape (N,).
        days: Whole steps from the end of the order's step on, shape (N,), >= 0.
        longest_days: The most that days may be; up to 64 steps of it the result is exact.
        step_days: Resolution of the log, in days; at most one order a step.

    Returns:
        Shape (N,), float64, at least P(wait <= days).
    """
    steps = max(round(longest_days / step_days), 1)
    in_cell = math.ceil(steps / _MOST_CELLS)  # steps of a cell
    cells, cell_days = math.ceil(steps / in_cell), in_cell * step_days
    fine, parts = min(_FINE_CELLS, cells), min(_PARTS, in_cell)
    border = torch.cat(
        [
            (torch.arange(fine * parts) * in_cell // parts).double() / in_cell,  # whole steps
            torch.arange(fine, cells + 1, dtype=torch.float64),
        ]
    )  # (P + 1,) in cells
    log_open = wait.log_survival((border * cell_days).unsqueeze(1).expand(-1, len(days)))
    again = _repeated(log_open.clamp(min=_OVER), border, in_cell)  # (C + 1, N)
    place = (days / cell_days).clamp(max=cells)
    before = place.floor().long().clamp(max=cells - 1).unsqueeze(0)  # (1, N)
    repeated = torch.lerp(again.gather(0, before), again.gather(0, before + 1), place - before)[0]
    return torch.where(days > 0.0, -torch.expm1(wait.log_survival(days)) + repeated, 0.0)


def _repeated(log_open: Tensor, border: Tensor, steps: int) -> Tensor:
    """Expected orders after the first, by the borders of cells, shape (C + 1, N).

    Args:
        log_open: Log survival at the borders of the parts of cells, shape (P + 1, N).
        border: Where these are, in cells, the borders of cells among them, shape (P + 1,).
        steps: Steps of a cell.
    """
    cell = border[:-1].floor().long()  # (P,) that holds each part
    over = -torch.expm1(log_open)  # (P + 1, N) probability of a first order
    length = border.diff().unsqueeze(1)  # (P, 1)
    late = _late_share(-log_open.diff(dim=0), length * steps) * length + border[:-1].unsqueeze(1)
    late, mass = late - cell.unsqueeze(1), over.diff(dim=0)  # each (P, N)
    cells = int(cell[-1]) + 1
    put = torch.zeros(cells + 1, over.shape[1], dtype=over.dtype)  # mass by border it is put at
    put.index_add_(0, cell + 1, late * mass).index_add_(0, cell, (1.0 - late) * mass)
    first = over[border == border.floor()].T.contiguous()  # (N, C + 1)
    ahead, at_once = put.T.flip(1), 1.0 - put[0]  # column cells - k of ahead is border k
    orders = torch.zeros_like(first)
    for k in range(1, cells + 1):
        follow = (ahead[:, cells - k + 1 : cells] * orders[:, 1:k]).sum(dim=1)
        orders[:, k] = (first[:, k] + follow) / at_once
    return (orders - first).T


def _late_share(fall: Tensor, steps: Tensor) -> Tensor:
    """Mean place of the waits that end in a stretch of time, as a share of its length, in (0, 1].

    Args:
        fall: By how much log survival falls over the stretch, >= 0.
        steps: Steps of it, >= 1; an order in a step comes at its end.
    """
    fall = fall.clamp(1e-6, 600.0)
    ends = torch.expm1(-fall / steps)  # minus the chance to end in a step: a truncated geometric
    return (-1.0 / ends + steps / -torch.expm1(fall)) / steps
