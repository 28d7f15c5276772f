"""How busy the shop is: what its parameters mean, and that they can be learned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from seqchurn.datasets.facts import DataFacts
from seqchurn.heads.activity import Activity
from seqchurn.waits.calendar_wait import CalendarWait
from seqchurn.waits.likelihood import landmark_nll
from tests.heads.conftest import CONTEXT_SIZE, DAY, HOUR, SECOND

pytestmark = pytest.mark.usefixtures("one_thread")

END = 18_262.0 + 366.0  # 2021-01-01
SPAN = 364.0
PACE = 3.0  # log rates are so many parameters
FACTS = DataFacts(
    event_types=3,
    numbers=0,
    categories=(),
    static_numbers=0,
    static_categories=(),
    shortest_days=1.0,
    longest_days=SPAN,
    end_day=END,
    step_days=DAY,
)


def wild(activity: Activity, size: float) -> Activity:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in activity.parameters():
            parameter.normal_(std=size, generator=generator)
    return activity


def rate_at(activity: Activity, *days: float) -> list[float]:
    """Active days per day in the cells that hold given days."""
    timeline = activity()
    cells = torch.tensor([math.floor((d - timeline.first_day) / timeline.cell_days) for d in days])
    found: list[float] = timeline.rate.detach()[cells].tolist()
    return found


@pytest.mark.parametrize("step", [SECOND, HOUR, DAY, 7 * DAY])
@pytest.mark.parametrize("levels", [0, 1, 26, 10_000])
def test_fresh_parameters_let_a_day_be_a_day(step: float, levels: int) -> None:
    activity = Activity(replace(FACTS, step_days=step), levels=levels)
    when = torch.linspace(END - 2 * SPAN, END + 4 * SPAN, 999, dtype=torch.float64)
    with torch.no_grad():
        passed = activity().active(when).diff()
        assert activity.penalty().item() == 0.0
    torch.testing.assert_close(passed, when.diff(), rtol=0.0, atol=1e-9)


def test_cells_reach_over_the_span_and_at_least_a_year_after_it() -> None:
    for facts in (FACTS, replace(FACTS, longest_days=1_000.0), replace(FACTS, step_days=HOUR)):
        activity = Activity(facts, levels=26)
        timeline = activity()
        assert timeline.first_day == pytest.approx(END - facts.longest_days, abs=1e-6)
        last = timeline.first_day + timeline.cell_days * len(timeline.rate)
        assert last == pytest.approx(END + max(facts.longest_days, 366.0), abs=timeline.cell_days)


def test_a_shop_that_opens_on_mondays_is_busy_on_mondays() -> None:
    activity = Activity(FACTS, levels=26)
    with torch.no_grad():
        activity.by_weekday[4] = 2.0  # 1970-01-01, day zero, was a Thursday
    mondays = [18_262.0 + 5, 18_262.0 + 201, END + 3, END + 101]  # 2020-01-06, 2021-01-04
    others = 1.0 / (math.exp(2.0 * PACE) + 6.0)  # share of one of them
    assert rate_at(activity, *mondays) == pytest.approx([7.0 * (1.0 - 6.0 * others)] * 4)
    rest = [m + later for m in mondays for later in range(1, 7)]
    assert rate_at(activity, *rest) == pytest.approx([7.0 * others] * 24)


@pytest.mark.parametrize("first", [END - SPAN, END - 100.0, -200.0])
def test_an_hour_of_the_day_is_that_of_universal_time(first: float) -> None:
    facts = replace(FACTS, step_days=HOUR, longest_days=60.0, end_day=first + 60.0)
    activity = Activity(facts, levels=0)
    with torch.no_grad():
        activity.by_hour[9] = 1.0
        activity.by_weekday[4] = 0.5
    nights = activity().active(first + torch.arange(60.0).double()).diff()
    weekday = torch.full((7,), 1.0)
    weekday[4] = math.exp(0.5 * PACE)
    shares = 7.0 * weekday / weekday.sum()
    expected = [shares[int(first + day) % 7].item() for day in range(59)]
    assert nights.tolist() == pytest.approx(expected, rel=1e-6)  # hours share a day out
    busy, quiet = rate_at(activity, first + 9.5 * HOUR, first + 8.5 * HOUR)
    assert busy / quiet == pytest.approx(math.exp(PACE), rel=1e-6)


def test_before_four_weeks_are_seen_there_is_no_pattern_of_the_week() -> None:
    short = Activity(replace(FACTS, longest_days=27.9), levels=26)
    assert short.by_weekday.numel() == 1
    with torch.no_grad():
        short.by_weekday += 2.0
        assert torch.allclose(short().rate, torch.ones(1, dtype=torch.float64))
    assert Activity(replace(FACTS, longest_days=28.0), levels=26).by_weekday.numel() == 7


def test_levels_are_those_of_stretches_of_the_span_relative_to_their_mean() -> None:
    activity = Activity(FACTS, levels=4)  # of 91 days
    with torch.no_grad():
        activity.by_level.copy_(torch.tensor([0.1, 0.2, 0.3, 0.6]))
    expected = [math.exp(PACE * (level - 0.3)) for level in (0.1, 0.2, 0.3, 0.6)]
    starts, ends = ([END - SPAN + 91 * i + at for i in range(4)] for at in (0.0, 90.9))
    assert rate_at(activity, *starts) == pytest.approx(expected, rel=1e-6)
    assert rate_at(activity, *ends) == pytest.approx(expected, rel=1e-6)
    squares = sum((PACE * (level - 0.3)) ** 2 for level in (0.1, 0.2, 0.3, 0.6))
    assert activity.penalty().item() == pytest.approx(1e-3 * squares, rel=1e-6)


def test_the_future_fades_from_the_recent_level_to_one() -> None:
    activity = Activity(FACTS, levels=26)
    with torch.no_grad():
        activity.by_level[-4:] = torch.tensor([0.5, 0.1, 0.1, 0.5])
    recent = PACE * (0.3 - 4 * 0.3 / 26)  # the mean of four of 26 levels, less that of all
    eighth = SPAN / 8
    at = [0.0, 10.0, eighth, 3 * eighth, 365.0]
    expected = [math.exp(recent * math.exp(-math.floor(days) / eighth)) for days in at]
    assert rate_at(activity, *(END + days for days in at)) == pytest.approx(expected, rel=1e-6)
    assert expected[0] > 2.0
    assert expected[-1] == pytest.approx(1.0, abs=1e-3)
    beyond = activity().log_rate(torch.tensor([END + 10_000.0], dtype=torch.float64))
    assert beyond.item() == 0.0


def test_rates_stay_within_bounds_whatever_was_learned() -> None:
    rate = wild(Activity(FACTS, levels=26), 1e3)().rate
    assert rate.isfinite().all()
    assert rate.min().item() == pytest.approx(1e-3)
    assert rate.max().item() == pytest.approx(1e3)


@pytest.mark.parametrize("step", [SECOND, HOUR, DAY])
@pytest.mark.parametrize("size", [0.0, 1.0, 1e2])
def test_the_loss_and_its_gradients_are_finite_for_every_head(
    size: float, step: float, make: Callable[..., nn.Module]
) -> None:
    """Waits over before they began, in the first step, after years, or never; closed or not."""
    facts = replace(FACTS, step_days=step, longest_days=3_000.0)
    activity = wild(Activity(facts, levels=26), size)
    head = make(CONTEXT_SIZE, step, 7 * 3_000.0)
    generator = torch.Generator().manual_seed(1)
    share = torch.rand(3, 1, 200, generator=generator, dtype=torch.float64)
    start = ((END - 3_000.0 * share[0]) / step).floor() * step
    days = (1.0 + (share[1] * (END - start) / step).floor()) * step
    survived = torch.minimum((share[2] * days / step).floor() * step, days - step)
    days[:, :20], survived[:, :20] = step, 0.0
    wait = CalendarWait(head(torch.randn(1, 200, 6, generator=generator)), start + step, activity())
    observed, real = share[2] < 0.5, share[1] < 0.9
    loss = landmark_nll(wait, days, survived, observed, real, step_days=step) + activity.penalty()
    loss.backward()
    assert loss.isfinite()
    for parameter in (*activity.parameters(), *head.parameters()):
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_a_pattern_of_the_week_is_recovered_from_draws() -> None:
    """Orders drawn day by day at rates by weekday; the mean wait and the pattern are fitted."""
    wanted = torch.tensor([1.0, 1.5, 0.5, 0.01, 1.0, 2.0, 1.0]).double()  # from Thursday on
    wanted = 7.0 * wanted / wanted.sum()
    first = math.ceil((END - SPAN) / 7) * 7.0  # a Thursday
    chance = -torch.expm1(-wanted.repeat(50) / 5.0)
    came = torch.rand(40, 350, generator=torch.Generator().manual_seed(0)) < chance
    starts, days = _waits(came, first)
    activity = Activity(FACTS, levels=0)
    log_mean = nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([log_mean, *activity.parameters()], lr=0.05)
    for _ in range(80):
        timeline = activity()
        passed = timeline.active(starts + days + 1.0) - timeline.active(starts + days)
        before = timeline.active(starts + days) - timeline.active(starts + 1.0)
        rate = log_mean.exp()
        loss = (before * rate - torch.log(-torch.expm1(-passed * rate))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = torch.softmax(PACE * activity.by_weekday.detach().double(), dim=0) * 7.0
    torch.testing.assert_close(found, wanted, rtol=0.15, atol=0.05)


def _waits(came: Tensor, first: float) -> tuple[Tensor, Tensor]:
    """Start days and lengths of the waits between orders."""
    starts, days = [], []
    for customer in came:
        ordered = torch.nonzero(customer).flatten().double()
        starts.append(first + ordered[:-1])
        days.append(ordered.diff())
    return torch.cat(starts), torch.cat(days)
