"""Laws that hold for the waits of every head."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from seqchurn.waits import wait as wait_module
from seqchurn.waits.likelihood import landmark_log_likelihood
from seqchurn.waits.wait import Wait
from tests.heads.conftest import DAY, HOUR, SECOND, DrawWaits, assert_close, cuts_of, spaced

pytestmark = pytest.mark.usefixtures("one_thread")

WILD = 100.0


def test_everybody_waits_at_first_and_fewer_as_days_pass_down_to_those_who_never_order(
    draw_waits: DrawWaits,
) -> None:
    wait = draw_waits(50, size=1e4)
    assert_close(wait.log_survival(torch.zeros(1, 50)), torch.zeros(1), atol=1e-14)
    alive = wait.log_survival(spaced(1e-6, 1e5, 400))
    assert (alive.diff(dim=0) <= 1e-15).all()
    assert (alive >= wait.log_never - 1e-14).all()
    assert ((alive[-1] < alive[0] - 1e-3) | (alive[0] < wait.log_never + 1e-3)).all()


def test_density_is_minus_the_slope_of_survival(draw_waits: DrawWaits) -> None:
    wait = draw_waits(50, size=WILD)
    days = spaced(1e-6, 1e5, 200).repeat(1, 1, 50).requires_grad_()
    alive = wait.log_survival(days)
    alive.sum().backward()
    assert days.grad is not None
    hazard = (wait.log_density(days) - alive).exp()
    sane = (alive > -1e6).detach()  # beyond, log density minus log survival is rounding noise
    assert sane.double().mean() > 0.8
    found, expected = -days.grad * days, hazard * days  # per unit of log days
    assert_close(found.detach()[sane], expected.detach()[sane], rtol=1e-8, atol=1e-15)


def test_density_integrates_to_one_minus_what_comes_at_once_and_the_tail(
    draw_waits: DrawWaits,
) -> None:
    wait = draw_waits(20, size=WILD)
    cuts = cuts_of(wait)  # the last point of one side, and the first of the other
    sides = torch.cat([cuts, torch.nextafter(cuts, torch.full_like(cuts, math.inf))])
    days = torch.cat([spaced(2e-9, 1e5, 20_000).flatten(), sides]).sort().values.view(-1, 1, 1)
    per_log_day = wait.log_density(days).exp() * days
    mass = torch.trapezoid(per_log_day, days.log(), dim=0)
    expected = wait.log_survival(days[0]).exp() - wait.log_survival(days[-1]).exp()
    assert_close(mass, expected, atol=5e-6)


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
def test_all_forms_of_an_interval_agree_from_the_switch_to_ten_thousand_days(
    step: float, draw_waits: DrawWaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = draw_waits(50, size=10.0)
    ends = spaced(step / wait_module.NARROW, 1e4, 300)
    whole = ((cuts_of(wait) <= ends - step) | (cuts_of(wait) >= ends)).all(dim=-1, keepdim=True)
    monkeypatch.setattr(wait_module, "NARROW", 0.0)
    difference = Wait.log_interval(wait, ends - step, ends)
    monkeypatch.setattr(wait_module, "NARROW", math.inf)
    density = Wait.log_interval(wait, ends - step, ends)
    likely = (wait.log_survival(ends - step) > -50.0) & whole
    assert likely.double().mean() > 0.3
    assert_close((density / difference)[likely], torch.ones(1), rtol=1e-5)
    exact = wait.log_interval(ends - step, ends)
    assert_close((density / exact)[likely], torch.ones(1), rtol=1e-5)


@pytest.mark.parametrize(("ratio", "parts"), [(1.5, 2), (1.5, 3_000), (1.0003, 100)])
def test_the_mass_of_an_interval_is_the_sum_of_its_parts_however_narrow(
    ratio: float, parts: int, draw_waits: DrawWaits
) -> None:
    wait = draw_waits(5, size=WILD)
    starts = torch.cat([torch.zeros(1, 1, 1), spaced(1e-6, 1e5, 12)])
    ends = ratio * starts + 1e-6 * (starts == 0)
    share = torch.linspace(0.0, 1.0, parts + 1, dtype=torch.float64).view(-1, 1, 1, 1)
    edges = starts + share * (ends - starts)
    masses = wait.log_interval(edges[:-1], edges[1:])
    found, expected = torch.logsumexp(masses, dim=0), wait.log_interval(starts, ends)
    sane = expected > -1e3  # beyond, rounding of the logarithm is more than that of the mass
    assert sane.double().mean() > 0.6
    assert_close(found[sane], expected[sane], atol=1e-9)


def test_an_interval_without_end_has_the_mass_of_survival(draw_waits: DrawWaits) -> None:
    wait = draw_waits(50, size=WILD)
    starts = torch.cat([torch.zeros(1, 1, 1), spaced(1e-6, 1e5, 50)])
    endless = torch.full_like(starts, math.inf)
    for asked in (wait, wait.given_quiet(torch.full((1, 50), 12.0, dtype=torch.float64))):
        alive = asked.log_survival(starts)
        assert_close(asked.log_interval(starts, endless), alive, rtol=1e-12, atol=1e-12)
        assert_close(Wait.log_interval(asked, starts, endless), alive)


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
    "no end": lambda wait, days: wait.log_interval(days, torch.full_like(days, math.inf)),
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
