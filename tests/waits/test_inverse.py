from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqchurn.waits.inverse import falls_to_zero


def points(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("power", [1, 3, 11, 51])
def test_zeros_of_flat_and_steep_functions_are_found_to_ten_digits(power: int) -> None:
    zeros = points(-7.0, 0.3, 0.3, 9.99)

    def read(x: Tensor) -> tuple[Tensor, Tensor]:
        away = x - zeros
        return -(away**power) - 1e-3 * away, -power * away ** (power - 1) - 1e-3

    found = falls_to_zero(read, points(-10, -10, 0.3, -10), points(9, 0, 5, -9), points(*[10] * 4))
    torch.testing.assert_close(found, zeros, rtol=0.0, atol=1e-10)


def test_newton_steps_that_would_run_in_circles_are_replaced_by_halving() -> None:
    calls = 0

    def read(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        return -x.sign() * x.abs().sqrt(), -0.5 / x.abs().sqrt()  # each step ends at minus x

    found = falls_to_zero(read, points(-1.0), points(0.7), points(2.0))
    torch.testing.assert_close(found, points(0.0), rtol=0.0, atol=1e-9)
    assert calls < 50


def test_one_slow_search_does_not_move_those_that_are_done() -> None:
    def read(x: Tensor) -> tuple[Tensor, Tensor]:
        return 1.0 - x.exp() * points(1.0, 1e-200), -x.exp() * points(1.0, 1e-200)

    found = falls_to_zero(read, points(-1, -1), points(0, 0), points(600, 600))
    torch.testing.assert_close(found, points(0.0, 460.51701859880916), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("value", "end"), [(1.0, 5.0), (-1.0, -5.0)])
def test_without_a_zero_in_the_bracket_its_nearest_end_is_found(value: float, end: float) -> None:
    def read(x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.full_like(x, value), torch.zeros_like(x)

    found = falls_to_zero(read, points(-5.0), points(0.0), points(5.0))
    torch.testing.assert_close(found, points(end), rtol=0.0, atol=1e-9)
