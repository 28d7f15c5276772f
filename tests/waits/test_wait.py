"""What follows for a wait from its survival and density alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from seqchurn.waits.wait import Wait, log_days, log_ratio


class Exponential(Wait):
    """Waits with one constant rate per day, for some customers; the others never order."""

    def __init__(self, rate: float, *, never: float = 0.0) -> None:
        self.rate, self.never = rate, never

    def log_survival(self, days: Tensor) -> Tensor:
        alive = (1.0 - self.never) * torch.exp(-self.rate * days.double().view(-1))
        return (alive + self.never).log()

    def log_density(self, days: Tensor) -> Tensor:
        return math.log((1.0 - self.never) * self.rate) - self.rate * days.double().view(-1)


def days(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_a_wait_ends_some_day_unless_it_says_otherwise() -> None:
    wait = Exponential(0.1)
    assert wait.log_never.tolist() == [-math.inf]
    assert wait.given_quiet(days(3.0)).log_never.tolist() == [-math.inf]


def test_the_mass_of_an_interval_by_hand() -> None:
    wait = Exponential(0.1)
    start, end = days(0.0, 2.0, 5.0, 50.0), days(1.0, 7.0, math.inf, 50.001)
    expected = [1 - math.exp(-0.1), math.exp(-0.2) - math.exp(-0.7), math.exp(-0.5)]
    expected.append(math.exp(-5.0) * -math.expm1(-0.0001))
    assert wait.log_interval(start, end).exp().tolist() == pytest.approx(expected, rel=1e-9)


def test_an_interval_given_quiet_time_counts_from_the_end_of_it() -> None:
    rest = Exponential(0.1).given_quiet(days(4.0))
    start, end = days(0.0, 2.0, 5.0), days(4.0, 7.0, math.inf)
    found = rest.log_interval(start, end).exp().tolist()
    assert found == pytest.approx([0.0, 1 - math.exp(-0.3), math.exp(-0.1)])


def test_days_are_found_from_survival_and_density_alone() -> None:
    wait = Exponential(0.1, never=0.25)
    probability = days(1e-6, 0.1, 0.5, 0.7499, 0.7501)
    expected = [-10 * math.log1p(-p / 0.75) for p in probability[:-1].tolist()]
    assert wait.quantile(probability).tolist() == pytest.approx([*expected, math.inf], rel=1e-9)
    alive = 0.75 * math.exp(-0.4) + 0.25
    of_the_rest = -10 * math.log((alive * 0.5 - 0.25) / 0.75)
    rest = wait.given_quiet(days(4.0))
    assert rest.quantile(days(0.5)).tolist() == pytest.approx([of_the_rest], rel=1e-9)
    assert rest.quantile(days(0.0)).tolist() == pytest.approx([4.0], rel=1e-9)


def test_the_ratio_of_days_is_exact_for_neighbours_and_finite_from_zero_and_without_end() -> None:
    start, end = days(1e4, 0.0, 3.0, 5.0), days(1e4 + 1e-6, 2.0, 9.0, math.inf)
    found = log_ratio(start, end)
    step = end[0].item() - start[0].item()
    assert found[0].item() == pytest.approx(math.log1p(step / 1e4), rel=1e-15)
    assert found[2].item() == pytest.approx(math.log(3.0), rel=1e-15)
    assert found[1].item() > 200
    assert found[3].item() > 600
    assert log_days(days(0.0, 1.0, math.inf)).isfinite().all()
