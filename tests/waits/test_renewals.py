"""Orders of one wait after another, counted without drawing them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from seqchurn.waits.renewals import renewals
from tests.weibull import Weibull


def counted(wait: Weibull, days: Sequence[float], *, longest: float, step: float = 1.0) -> Tensor:
    """Orders by days and waits."""
    each = [torch.full((len(wait.scale),), float(d), dtype=torch.float64) for d in days]
    return torch.stack([renewals(wait, d, longest_days=longest, step_days=step) for d in each])


def day_by_day(wait: Weibull, days: int) -> Tensor:
    """The same by the renewal equation on days, for every day from 0 on."""
    alive = wait.log_survival(torch.arange(days + 1.0).unsqueeze(1)).exp().numpy()
    mass, orders = -np.diff(alive, axis=0), np.zeros_like(alive)
    for k in range(1, days + 1):  # an order on day k is the first one, or follows one before it
        orders[k] = mass[k - 1] + (mass[: k - 1][::-1] * orders[1:k]).sum(axis=0)
    return torch.from_numpy(orders.cumsum(axis=0))


def test_waits_without_memory_give_every_step_the_same_chance() -> None:
    """By hand: 1 - exp(-step / scale) orders a step."""
    for step in (1.0, 1.0 / 24.0):
        scale = [3.0 * step, 40.0 * step]
        found = counted(Weibull(scale, 1.0), [0.0, step, 50.0 * step], longest=50 * step, step=step)
        a_step = 1.0 - torch.exp(-step / torch.tensor(scale, dtype=torch.float64))
        expected = torch.tensor([0.0, 1.0, 50.0], dtype=torch.float64).unsqueeze(1) * a_step
        torch.testing.assert_close(found, expected)


def test_orders_by_the_clock_are_counted_one_by_one() -> None:
    """A wait of seven days: an order on days 7, 14, 21 ... after the first."""
    found = counted(Weibull([6.5], 300.0), [6.0, 7.0, 13.0, 14.0, 60.0], longest=60.0)
    assert found[:, 0].tolist() == pytest.approx([0.0, 1.0, 1.0, 2.0, 8.0], abs=1e-9)


def test_by_hand_for_three_steps() -> None:
    """M(1) = f1, M(2) = M(1) + f2 + f1 f1, M(3) = M(2) + f3 + 2 f1 f2 + f1 f1 f1."""
    wait = Weibull([2.0], 0.8)
    alive = [math.exp(-((k / 2.0) ** 0.8)) for k in range(4)]
    f1, f2, f3 = (alive[k] - alive[k + 1] for k in range(3))
    first, second = f1, f1 + f2 + f1 * f1
    third = second + f3 + 2 * f1 * f2 + f1**3
    found = counted(wait, [1.0, 2.0, 3.0], longest=3.0)
    assert found[:, 0].tolist() == pytest.approx([first, second, third], rel=1e-12)


@pytest.mark.parametrize("longest", [64, 89, 181, 363, 640])
@pytest.mark.parametrize("shape", [0.6, 1.0, 3.0, 8.0])
def test_long_horizons_come_near_to_what_steps_of_a_day_give(shape: float, longest: int) -> None:
    """At the end of a horizon, for waits from half a day to three years."""
    wait = Weibull([0.6, 0.9, 1.8, 4.0, 20.0, 90.0, 900.0], shape)
    found = counted(wait, [longest], longest=longest)
    expected = day_by_day(wait, longest)[-1:]
    near = 1e-9 if longest <= 64 else 0.02
    torch.testing.assert_close(found, expected, rtol=near, atol=near / 10)


@pytest.mark.parametrize("longest", [40, 89, 363])
@pytest.mark.parametrize("shape", [0.7, 3.0, 8.0])
def test_on_every_day_there_are_no_fewer_orders_than_one_is_probable(
    shape: float, longest: int
) -> None:
    wait, days = Weibull([0.6, 1.8, 5.0, 300.0], shape), range(longest + 1)
    found = counted(wait, days, longest=longest)
    assert (found[0] == 0.0).all()
    assert found.isfinite().all()
    probability = -torch.expm1(wait.log_survival(torch.arange(longest + 1.0).unsqueeze(1)))
    assert (found >= probability - 1e-12).all()
    later = slice(2 * (longest // 64 + 1), None)  # before, a cell hides in which step an order is
    assert (found <= torch.arange(longest + 1.0).unsqueeze(1) * 1.02 + 1e-9)[later].all()
    if longest <= 64:
        torch.testing.assert_close(found, day_by_day(wait, longest))
        assert (found.diff(dim=0) >= -1e-12).all()
