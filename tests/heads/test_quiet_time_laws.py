"""Laws of waits given quiet time that hold for every head."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from tests.heads.conftest import DrawWaits, assert_close, spaced

pytestmark = pytest.mark.usefixtures("one_thread")


def test_given_quiet_time_the_rest_of_the_wait_is_the_whole_wait_rescaled(
    draw_waits: DrawWaits,
) -> None:
    wait = draw_waits(30, size=30.0)
    quiet = torch.full((1, 30), 12.0, dtype=torch.float64)
    rest = wait.given_quiet(quiet)
    later, within = spaced(12.001, 1e4, 50), spaced(1e-6, 11.999, 50)
    alive = wait.log_survival(quiet)
    assert_close(rest.log_survival(later), wait.log_survival(later) - alive, rtol=1e-12)
    assert_close(rest.log_density(later), wait.log_density(later) - alive, rtol=1e-12)
    assert_close(rest.log_survival(within), torch.zeros(1))
    assert (rest.log_density(within) == -math.inf).all()
    assert (rest.log_density(quiet) == -math.inf).all()
    steps = torch.arange(12.0, 3_000.0, dtype=torch.float64).view(-1, 1, 1)
    masses = rest.log_interval(steps, steps + 1.0).exp()
    assert_close(masses.sum(dim=0), 1.0 - rest.log_survival(steps[-1] + 1.0).exp(), atol=1e-6)


def test_the_quantile_given_quiet_time_lies_beyond_it_and_inverts_survival(
    draw_waits: DrawWaits,
) -> None:
    wait = draw_waits(30, size=30.0)
    rest = wait.given_quiet(torch.full((1, 30), 12.0, dtype=torch.float64))
    probability = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64).view(-1, 1, 1)
    days = rest.quantile(probability.expand(-1, 1, 30))
    assert (days >= 12.0).all()
    sane = (wait.log_survival(torch.tensor(12.0)) > -1e3) & (days < math.inf)
    assert sane.double().mean() > 0.4
    expected = torch.log1p(-probability).expand_as(days)
    assert_close(rest.log_survival(days)[sane], expected[sane], atol=1e-8)


def test_the_longer_the_quiet_the_likelier_that_no_order_ever_comes(
    draw_waits: DrawWaits,
) -> None:
    wait = draw_waits(30, size=3.0)
    never = [
        wait.given_quiet(torch.full((1, 30), days, dtype=torch.float64)).log_never.exp()
        for days in (0.0, 10.0, 1_000.0, 1e5)
    ]
    assert_close(never[0], wait.log_never.exp(), rtol=1e-12)
    assert all((later >= sooner).all() for sooner, later in itertools.pairwise(never))
    assert (never[-1] <= 1.0).all()
    for share in never:
        assert share.shape == (1, 30)


@pytest.mark.parametrize(("first", "second"), [(3.0, 20.0), (20.0, 3.0), (7.0, 7.0)])
def test_conditioning_twice_is_conditioning_once_on_the_longer(
    first: float, second: float, draw_waits: DrawWaits
) -> None:
    wait = draw_waits(30, size=30.0)

    def quiet(days: float) -> Tensor:
        return torch.full((1, 30), days, dtype=torch.float64)

    twice = wait.given_quiet(quiet(first)).given_quiet(quiet(second))
    once = wait.given_quiet(quiet(max(first, second)))
    days = spaced(0.1, 1e4, 50)
    assert_close(twice.log_survival(days), once.log_survival(days), rtol=1e-10, atol=1e-10)
    later = spaced(20.5, 1e4, 50)
    assert_close(twice.log_density(later), once.log_density(later), rtol=1e-10)
    half = torch.full((1, 30), 0.5)
    assert_close(twice.quantile(half), once.quantile(half), rtol=1e-9)
