from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqchurn.waits.timeline import Timeline

FIRST_DAY = 18_262.0  # a Wednesday, 2020-01-01
HOUR = 1 / 24
RATES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40)
CELLS = st.sampled_from([1.0, HOUR])
law = settings(max_examples=60, deadline=None)


def days(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def by_hand() -> Timeline:
    """Two active days on the first day, half a one on the second, none to speak of, then three."""
    return Timeline(FIRST_DAY, 1.0, days(2.0, 0.5, 0.001, 3.0))


def around(timeline: Timeline, points: int = 500) -> Tensor:
    """Days from well before the first cell to well after the last one."""
    span = len(timeline.rate) * timeline.cell_days
    start = timeline.first_day
    return torch.linspace(start - span, start + 2 * span, points, dtype=torch.float64)


@pytest.mark.parametrize(
    ("day", "active"),
    [
        (-5.0, -5.0),  # before the first cell an active day is a day
        (0.0, 0.0),
        (0.25, 0.5),
        (1.0, 2.0),
        (1.5, 2.25),
        (2.0, 2.5),
        (3.0, 2.501),
        (3.5, 4.001),
        (4.0, 5.501),
        (9.0, 10.501),  # and so it is after the last one
    ],
)
def test_active_days_are_summed_over_cells_by_hand_and_turned_back(
    day: float, active: float
) -> None:
    timeline = by_hand()
    assert timeline.active(days(FIRST_DAY + day)).item() == pytest.approx(active, abs=1e-9)
    found = timeline.day(days(active)).item() - FIRST_DAY
    assert found == pytest.approx(day, abs=1e-7)  # 1e-10 active days in the cell of rate 0.001


def test_hours_are_summed_by_hand() -> None:
    """A shop that is three times as busy from six to seven, over the border of a day."""
    rate = torch.ones(48, dtype=torch.float64)
    rate[[6, 30]] = 3.0
    passed = Timeline(FIRST_DAY, HOUR, rate).active(FIRST_DAY + days(6, 6.5, 7, 24, 30.25, 48) / 24)
    expected = [6, 7.5, 9, 26, 32.75, 52]
    assert (24 * passed).tolist() == pytest.approx(expected, abs=1e-8)


@law
@given(RATES, CELLS)
def test_the_day_inverts_active_days_before_within_and_after_the_cells(
    rates: list[float], cell_days: float
) -> None:
    timeline = Timeline(FIRST_DAY, cell_days, days(*rates))
    when = around(timeline)
    found = timeline.day(timeline.active(when))
    # in slow cells a day is only as exact as active days after the fastest one
    rounding = 1e-15 * (FIRST_DAY + timeline.passed[-1].item() / min(rates))
    torch.testing.assert_close(found, when, rtol=0.0, atol=20 * rounding)
    active = around(Timeline(0.0, timeline.passed[-1].item(), days(1.0)))
    rounding = 1e-15 * (FIRST_DAY * max(1.0, *rates) + timeline.passed[-1].item())
    back = timeline.active(timeline.day(active))
    torch.testing.assert_close(back, active, rtol=0.0, atol=20 * rounding)


@law
@given(RATES, CELLS)
def test_active_days_rise_with_the_day(rates: list[float], cell_days: float) -> None:
    timeline = Timeline(FIRST_DAY, cell_days, days(*rates))
    when = around(timeline)
    slowest = min(1.0, *rates)
    assert (timeline.active(when).diff() > 0.5 * slowest * when.diff()).all()


@pytest.mark.parametrize("cell_days", [1.0, HOUR])
def test_at_rate_one_an_active_day_is_a_day(cell_days: float) -> None:
    rate = torch.ones(10_000, dtype=torch.float64)
    timeline = Timeline(FIRST_DAY, cell_days, rate)
    when = around(timeline)
    active = timeline.active(when)
    torch.testing.assert_close(active, when - FIRST_DAY, rtol=0.0, atol=1e-9)
    torch.testing.assert_close(timeline.day(active), when, rtol=0.0, atol=1e-9)
    assert (timeline.log_rate(when) == 0).all()


@law
@given(RATES, CELLS)
def test_the_log_rate_is_the_log_of_the_slope(rates: list[float], cell_days: float) -> None:
    timeline = Timeline(FIRST_DAY, cell_days, days(*rates))
    cells = torch.arange(-len(rates), 2 * len(rates), dtype=torch.float64)
    when = (FIRST_DAY + (cells + 0.3) * cell_days).requires_grad_()
    timeline.active(when).sum().backward()
    assert when.grad is not None
    torch.testing.assert_close(timeline.log_rate(when).detach(), when.grad.log())


def test_the_rate_on_a_border_is_that_of_the_cell_that_ends_there() -> None:
    found = by_hand().log_rate(FIRST_DAY + days(0, 1, 2, 3, 4)).exp()
    assert found.tolist() == pytest.approx([1.0, 2.0, 0.5, 0.001, 3.0])
    assert by_hand().log_rate(FIRST_DAY + days(4.001, math.inf)).tolist() == [0.0, 0.0]


def test_without_end_there_are_active_days_without_end() -> None:
    assert by_hand().active(days(math.inf)).tolist() == [math.inf]
    assert by_hand().day(days(math.inf)).tolist() == [math.inf]


def test_any_shape_goes_in_also_one_whose_memory_is_not_in_order() -> None:
    when = around(by_hand(), 12).view(3, 4)
    timeline = by_hand()
    for asked in (when, when.T, when[:, None, :], when[0, 0]):
        assert timeline.active(asked).shape == asked.shape
        assert timeline.log_rate(asked).shape == asked.shape
        active = timeline.active(asked)
        torch.testing.assert_close(timeline.day(active), asked)


def test_gradients_are_finite_also_without_end_and_say_how_long_a_cell_was_passed() -> None:
    rate = days(2.0, 0.5, 0.001, 3.0).requires_grad_()
    when = FIRST_DAY + days(-1.0, 0.0, 1.0, 2.5, math.inf)
    timeline = Timeline(FIRST_DAY, 1.0, rate)
    expected = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0.5, 0], [1, 1, 1, 1]]
    for active, passed in zip(timeline.active(when), expected, strict=True):
        (found,) = torch.autograd.grad(active, rate, retain_graph=True)
        assert found.tolist() == pytest.approx(passed)
    (found,) = torch.autograd.grad(timeline.log_rate(when).sum(), rate)
    assert found.tolist() == pytest.approx([1 / 2.0, 0.0, 1 / 0.001, 0.0])
