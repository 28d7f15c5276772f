"""Laws that hold for the waits of every head."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from seqchurn.waits import wait as wait_module
from seqchurn.waits.likelihood import landmark_log_likelihood
from seqchurn.waits.wait import Wait

pytestmark = pytest.mark.usefixtures("one_thread")

DrawWaits = Callable[..., Wait]

SECOND, HOUR, DAY = 1 / 86_400, 1 / 24, 1.0
WILD = 100.0


def spaced(shortest: float, longest: float, steps: int) -> Tensor:
    """Days from shortest to longest, evenly in the logarithm, shape (steps, 1, 1)."""
    days = torch.logspace(math.log10(shortest), math.log10(longest), steps, dtype=torch.float64)
    return days.view(-1, 1, 1)


def assert_close(found: Tensor, expected: Tensor, *, rtol: float = 0.0, atol: float = 0.0) -> None:
    torch.testing.assert_close(found, expected.to(found).expand_as(found), rtol=rtol, atol=atol)


def test_everybody_waits_at_first_and_fewer_as_days_pass(draw_waits: DrawWaits) -> None:
    wait = draw_waits(50, size=1e4)
    assert_close(wait.log_survival(torch.zeros(1, 50)), torch.zeros(1), atol=1e-14)
    alive = wait.log_survival(spaced(1e-6, 1e5, 400))
    assert (alive.diff(dim=0) <= 1e-15).all()
    assert (alive[-1] < alive[0] - 1e-3).all()


def test_density_is_minus_the_slope_of_survival(draw_waits: DrawWaits) -> None:
    wait = draw_waits(50, size=WILD)
    days = spaced(1e-6, 1e5, 200).repeat(1, 1, 50).requires_grad_()
    alive = wait.log_survival(days)
    alive.sum().backward()
    assert days.grad is not None
    hazard = (wait.log_density(days) - alive).exp()
    sane = (alive > -1e6).detach()  # beyond, log density minus log survival is rounding noise
    assert sane.double().mean() > 0.8
    assert_close(-days.grad[sane], hazard[sane].detach(), rtol=1e-8)


def test_density_integrates_to_one_minus_the_tail(draw_waits: DrawWaits) -> None:
    wait = draw_waits(20, size=WILD)
    days = spaced(1e-9, 1e5, 20_000)
    per_log_day = wait.log_density(days).exp() * days
    mass = torch.trapezoid(per_log_day, days.log(), dim=0)
    expected = wait.log_survival(days[0]).exp() - wait.log_survival(days[-1]).exp()
    assert_close(mass, expected, atol=1e-6)


@pytest.mark.parametrize("step", [SECOND, HOUR, DAY, 7 * DAY])
def test_the_masses_of_all_steps_sum_to_one_minus_the_tail(
    step: float, draw_waits: DrawWaits
) -> None:
    wait = draw_waits(10, size=WILD)
    ends = torch.arange(5_001, dtype=torch.float64).view(-1, 1, 1) * step
    masses = wait.log_interval(ends[:-1], ends[1:]).exp()
    assert_close(masses.sum(dim=0), 1.0 - wait.log_survival(ends[-1]).exp(), atol=1e-6)


@pytest.mark.parametrize("span", [(1.0, 1_000.0)])
@pytest.mark.parametrize("step", [SECOND, HOUR, DAY])
def test_the_two_forms_of_an_interval_agree_from_the_switch_to_ten_thousand_days(
    step: float, draw_waits: DrawWaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = draw_waits(50, size=10.0)
    ends = spaced(step / wait_module.NARROW, 1e4, 300)
    monkeypatch.setattr(wait_module, "NARROW", 0.0)
    difference = wait.log_interval(ends - step, ends)
    monkeypatch.setattr(wait_module, "NARROW", math.inf)
    density = wait.log_interval(ends - step, ends)
    likely = wait.log_survival(ends - step) > -50.0
    assert likely.double().mean() > 0.3
    assert_close((density / difference)[likely], torch.ones(1), rtol=1e-5)


def test_the_quantile_inverts_survival(draw_waits: DrawWaits) -> None:
    wait = draw_waits(50, size=WILD)
    probability = torch.tensor([0.01, 0.1, 0.5, 0.9, 0.999], dtype=torch.float64).view(-1, 1, 1)
    days = wait.quantile(probability.expand(-1, 1, 50))
    within_reach = (days > 1e-8) & (days < 1e11)
    assert within_reach.double().mean() > 0.8
    expected = torch.log1p(-probability).expand_as(days)
    assert_close(wait.log_survival(days)[within_reach], expected[within_reach], rtol=1e-8)


def test_draws_by_the_quantile_are_spread_as_survival_says(draw_waits: DrawWaits) -> None:
    wait, n = draw_waits(6, size=30.0), 1_000
    uniform = torch.rand(n, 1, 6, generator=torch.Generator().manual_seed(3)).double()
    draws = wait.quantile(uniform)
    for days in (0.1, 1.0, 10.0, 100.0, 1_000.0):
        share = (draws > days).double().mean(dim=0)
        expected = wait.log_survival(torch.tensor(days)).exp()
        assert_close(share, expected, atol=4.0 * 0.5 / math.sqrt(n))


@pytest.mark.parametrize("span", [(1.0, 1_000.0)])
def test_a_head_recovers_the_waits_that_were_drawn(head: nn.Module, draw_waits: DrawWaits) -> None:
    n = 200
    probability = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    truth = draw_waits(1, size=100.0)
    draws = truth.quantile(probability.view(-1, 1, 1)).squeeze(1)  # (n, 1)
    context = torch.ones(1, 1, 6)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        loss = -head(context).log_density(draws).mean()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        found = head(context).log_survival(draws).exp()
    assert_close(found, truth.log_survival(draws).exp(), atol=0.03)


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
    sane = (wait.log_survival(torch.tensor(12.0)) > -1e3).expand_as(days)
    expected = torch.log1p(-probability).expand_as(days)
    assert_close(rest.log_survival(days)[sane], expected[sane], atol=1e-8)


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


@pytest.mark.parametrize("step", [SECOND, HOUR, DAY])
def test_all_that_can_follow_a_landmark_has_probability_one(
    step: float, draw_waits: DrawWaits
) -> None:
    wait = draw_waits(10, size=30.0)
    survived, end = 40, 400  # steps: asked on step 41 of data that ends on step 400
    steps = torch.arange(survived + 1, end + 1, dtype=torch.float64).view(-1, 1, 1)
    observed = steps < end  # the last answer is that no order came
    log_likelihood = landmark_log_likelihood(
        wait,
        steps * step,
        torch.tensor(survived * step, dtype=torch.float64),
        observed,
        step_days=step,
    )
    assert_close(log_likelihood.exp().sum(dim=0), torch.ones(1), atol=1e-9)


READINGS = {
    "survival": lambda wait, days: wait.log_survival(days),
    "density": lambda wait, days: wait.log_density(days),
    "first step": lambda wait, days: wait.log_interval(torch.zeros_like(days), days),
    "wide step": lambda wait, days: wait.log_interval(days, 1.5 * days),
    "narrow step": lambda wait, days: wait.log_interval(days, 1.0001 * days),
    "rest": lambda wait, days: wait.given_quiet(days).log_interval(days, 1.5 * days),
}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("size", [0.0, 1.0, 1e2, 1e3, 1e6])
def test_values_and_gradients_are_finite_from_a_tenth_of_a_second_to_centuries(
    size: float, reading: str, head: nn.Module
) -> None:
    generator = torch.Generator().manual_seed(4)
    context = (size * torch.randn(1, 100, 6, generator=generator)).requires_grad_()
    value = READINGS[reading](head(context), spaced(1e-6, 1e5, 45))
    assert value.isfinite().all()
    value.sum().backward()
    gradients = [context.grad, *(parameter.grad for parameter in head.parameters())]
    assert all(g is not None and g.isfinite().all() for g in gradients)
