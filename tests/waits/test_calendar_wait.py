"""Laws of waits that run by a calendar: only the clock is another."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from seqchurn.heads import LogLogisticMixture, LogNormalMixture, Weibull
from seqchurn.waits.calendar_wait import CalendarWait
from seqchurn.waits.timeline import Timeline
from seqchurn.waits.wait import Wait

pytestmark = pytest.mark.usefixtures("one_thread")

THURSDAY = 18_263.0  # 2020-01-02
SUNDAY = 3  # of the cells that start on that day
SECOND = 1 / 86_400
CLOSED = 1e-3


def days(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def week(*, weeks: int = 60, closed: float = CLOSED) -> Timeline:
    """Sundays closed, Saturdays twice as busy, the second year half as busy as the first."""
    rate = torch.ones(7 * weeks, dtype=torch.float64)
    rate[SUNDAY::7], rate[SUNDAY - 1 :: 7] = closed, 2.0
    rate[365:] *= 0.5
    return Timeline(THURSDAY, 1.0, rate)


def exponential(mean_days: float, customers: int = 1) -> Wait:
    scale = days(*[math.log(mean_days)] * customers)
    return Weibull(scale, torch.zeros(customers))


def mixture(customers: int, *, never: float | None = None) -> Wait:
    generator = torch.Generator().manual_seed(0)
    weight, shape = (torch.randn(customers, 3, generator=generator) for _ in range(2))
    scale = days(2.0, 30.0, 400.0).log().expand(customers, 3)
    forever = None if never is None else torch.full((customers,), never)
    return LogLogisticMixture(weight, scale, 0.5 * shape, never=forever)


STARTS = THURSDAY + days(-30.0, 0.0, 1.0, 2.5, 3.0, 100.0, 360.0, 5_000.0)
WAITS = {
    "weibull": Weibull(days(*[3.0] * 8), torch.linspace(-1.0, 1.0, 8)),
    "mixture": mixture(8),
    "with never": mixture(8, never=-0.5),
    "at once": LogNormalMixture(
        torch.zeros(8, 2), days(1.0, 4.0).expand(8, 2), torch.zeros(8, 2), at_once=torch.zeros(8)
    ),
}


@pytest.fixture(params=WAITS)
def plain(request: pytest.FixtureRequest) -> Wait:
    """Waits in active days, of batch shape (8,)."""
    return WAITS[request.param]


def spaced(shortest: float, longest: float, steps: int) -> Tensor:
    """Days from shortest to longest, evenly in the logarithm, shape (steps, 1)."""
    exponents = torch.linspace(math.log(shortest), math.log(longest), steps, dtype=torch.float64)
    return exponents.exp().unsqueeze(1)


def assert_close(found: Tensor, expected: Tensor, *, rtol: float = 0.0, atol: float = 0.0) -> None:
    torch.testing.assert_close(found, expected.expand_as(found), rtol=rtol, atol=atol)


def test_at_rate_one_it_is_the_wait_itself(plain: Wait) -> None:
    ones = Timeline(THURSDAY, 1.0, torch.ones(700, dtype=torch.float64))
    wait, asked = CalendarWait(plain, STARTS, ones), spaced(1e-3, 1e5, 60)
    assert_close(wait.log_survival(asked), plain.log_survival(asked), rtol=1e-7, atol=1e-8)
    assert_close(wait.log_density(asked), plain.log_density(asked), rtol=1e-7, atol=1e-7)
    end = 1.2 * asked
    assert_close(wait.log_interval(asked, end), plain.log_interval(asked, end), atol=1e-6)
    levels = torch.linspace(0.05, 0.95, 19, dtype=torch.float64).unsqueeze(1)
    assert_close(wait.quantile(levels), plain.quantile(levels), rtol=1e-9, atol=1e-8)
    assert torch.equal(wait.log_never, plain.log_never)


def test_survival_over_a_closed_sunday_by_hand() -> None:
    """From Friday morning: a Friday, a Saturday that counts twice, a closed Sunday, a Monday."""
    wait = CalendarWait(exponential(10.0), days(THURSDAY + 1.0), week())
    asked = days(0.0, 0.5, 1.0, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0)
    active = [0.0, 0.5, 1.0, 2.5, 3.0, 3.0 + 0.5 * CLOSED, 3.0 + CLOSED, 4.0 + CLOSED]
    active.append(5.0 + CLOSED)
    found = -10.0 * wait.log_survival(asked.unsqueeze(1)).squeeze(1)
    assert found.tolist() == pytest.approx(active, abs=1e-9)
    sunday = wait.log_interval(days(2.0), days(3.0)).exp().item()
    assert sunday == pytest.approx(math.exp(-0.3) * -math.expm1(-CLOSED / 10.0), rel=1e-6)
    hazard = (wait.log_density(asked[1:, None]) - wait.log_survival(asked[1:, None])).exp()
    rates = [1.0, 1.0, 2.0, 2.0, CLOSED, CLOSED, 1.0, 1.0]  # of the cell that ends there
    assert (10.0 * hazard).flatten().tolist() == pytest.approx(rates)


def test_density_is_minus_the_slope_of_survival(plain: Wait) -> None:
    wait = CalendarWait(plain, STARTS.floor(), week())
    whole = torch.cat([torch.arange(50), torch.arange(330, 400), torch.arange(700, 750)])
    asked = (whole.double() + 0.37).unsqueeze(1).repeat(1, 8).requires_grad_()  # off all borders
    alive = wait.log_survival(asked)
    alive.sum().backward()
    assert asked.grad is not None
    found = (wait.log_density(asked) - alive).exp()
    assert_close(-asked.grad, found.detach(), rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize("step", [1 / 24, 1.0, 7.0])
def test_the_masses_of_all_steps_sum_to_one_minus_the_tail(step: float, plain: Wait) -> None:
    wait = CalendarWait(plain, STARTS, week())
    ends = step * torch.arange(2_001, dtype=torch.float64).unsqueeze(1)
    masses = wait.log_interval(ends[:-1], ends[1:]).exp()
    assert_close(masses.sum(dim=0), 1.0 - wait.log_survival(ends[-1]).exp(), atol=1e-9)
    endless = wait.log_interval(ends, torch.full_like(ends, math.inf))
    assert_close(endless, wait.log_survival(ends), rtol=1e-12, atol=1e-12)


def test_a_quantile_is_where_survival_has_fallen_to_its_level(plain: Wait) -> None:
    wait = CalendarWait(plain, STARTS, week())
    levels = torch.linspace(0.02, 0.98, 49, dtype=torch.float64).unsqueeze(1)
    for asked in (wait, wait.given_quiet(torch.full((8,), 11.5, dtype=torch.float64))):
        found = asked.quantile(levels)  # (49, 8)
        reached = found.isfinite() & (found > 1e-5)  # before that, all is over that comes at once
        assert reached.double().mean() > 0.4
        alive = asked.log_survival(found.masked_fill(~reached, 1.0))
        expected = torch.log1p(-levels).expand_as(alive)
        assert_close(alive[reached], expected[reached], atol=1e-7)
        beyond = found.isinf()
        assert (levels.expand_as(found) > -torch.expm1(asked.log_never))[beyond].all()


def test_levels_may_come_in_any_layout_of_memory() -> None:
    wait = CalendarWait(exponential(10.0, customers=8), STARTS, week())
    levels = torch.linspace(0.1, 0.9, 24, dtype=torch.float64).view(8, 3)
    assert torch.equal(wait.quantile(levels.T), wait.quantile(levels.T.contiguous()))


def test_conditioning_on_quiet_time_is_consistent(plain: Wait) -> None:
    wait = CalendarWait(plain, STARTS, week())
    quiet = days(1.0, 2.0, 3.0, 8.0, 20.0, 100.0, 300.0, 900.0)
    rest, asked = wait.given_quiet(quiet), quiet + spaced(0.1, 1_000.0, 30)
    expected = wait.log_survival(asked) - wait.log_survival(quiet)
    assert_close(rest.log_survival(asked), expected, atol=1e-12)
    twice = wait.given_quiet(0.5 * quiet).given_quiet(quiet)
    assert_close(twice.log_survival(asked), expected, rtol=1e-12, atol=1e-12)
    assert_close(rest.log_survival(0.9 * quiet), torch.zeros(1, dtype=torch.float64))


def test_who_forgets_the_past_waits_from_the_landmark_as_from_a_start_there() -> None:
    """An exponential wait given quiet time is one that starts later, by the same calendar."""
    quiet = days(1.0, 2.0, 3.0, 4.0, 5.5, 30.0, 80.0, 365.0)
    plain = exponential(10.0, customers=8)
    rest = CalendarWait(plain, STARTS, week()).given_quiet(quiet)
    anew, asked = CalendarWait(plain, STARTS + quiet, week()), spaced(0.1, 300.0, 40)
    assert_close(rest.log_survival(quiet + asked), anew.log_survival(asked), atol=1e-9)


def test_those_who_never_order_are_as_many_by_any_calendar() -> None:
    plain = WAITS["with never"]
    wait = CalendarWait(plain, STARTS, week())
    assert torch.equal(wait.log_never, plain.log_never)
    assert (wait.log_never > -1.5).any()
    assert_close(wait.log_survival(days(1e250)), plain.log_never, atol=1e-6)
    assert wait.quantile(-torch.expm1(wait.log_never) + 1e-6).isinf().all()
    quiet = torch.full((8,), 40.0, dtype=torch.float64)
    grown = wait.given_quiet(quiet).log_never
    assert_close(grown, plain.log_never - wait.log_survival(quiet))


@pytest.mark.parametrize("closed", [CLOSED, 1.0])
def test_a_second_after_ten_thousand_days_has_the_mass_of_its_density(
    closed: float, plain: Wait
) -> None:
    rate = week(weeks=1_500, closed=closed).rate.requires_grad_()
    start = STARTS.floor().clamp(max=THURSDAY + 365.0)
    wait = CalendarWait(plain, start, Timeline(THURSDAY, 1.0, rate))
    end = torch.arange(9_990, 10_004, dtype=torch.float64).unsqueeze(1) + 0.5
    mass = wait.log_interval(end - SECOND, end)
    likely = wait.log_survival(end) > -500.0
    assert mass.isfinite().all()
    expected = wait.log_density(end) + math.log(SECOND)
    # on a closed day a second is 1e-8 active days, of 1e4: three digits are left of its length
    assert_close(mass[likely], expected.detach()[likely], atol=2e-3 if closed < 1.0 else 1e-5)
    (gradient,) = torch.autograd.grad((mass - wait.log_survival(end - 1.0)).sum(), rate)
    assert gradient.isfinite().all()


def test_days_of_many_horizons_are_read_for_a_batch_of_landmarks() -> None:
    start = THURSDAY + torch.arange(6, dtype=torch.float64).view(2, 3)
    plain = Weibull(torch.ones(2, 3), torch.zeros(2, 3))
    wait = CalendarWait(plain, start, week())
    asked = days(1.0, 7.0, 30.0, 90.0).view(4, 1, 1)
    alive = wait.log_survival(asked)
    assert alive.shape == wait.log_density(asked).shape == (4, 2, 3)
    assert wait.log_never.shape == (2, 3)
    alone = CalendarWait(Weibull(torch.ones(1), torch.zeros(1)), start[1, 2:], week())
    assert alive[2, 1, 2].item() == pytest.approx(alone.log_survival(asked[2, 0]).item())
