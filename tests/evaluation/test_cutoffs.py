from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.errors import ConfigError
from seqchurn.evaluation.cutoffs import rolling_cutoffs, validation_cutoffs
from seqchurn.waits import Clock

DAY = Clock(1.0)
BERLIN = Clock(1.0, "Europe/Berlin")


def days(*dates: str) -> list[float]:
    return [float((datetime.fromisoformat(d) - datetime(1970, 1, 1)).days) for d in dates]


def cutoffs(first: str, end: str, **changes: Any) -> list[str]:
    options = {"count": 4, "every_days": 28.0, "longest_days": 90.0, "until": None, "clock": DAY}
    first_day, end_day = days(first, end)
    made = rolling_cutoffs((first_day, end_day), **{**options, **changes})
    return [f"{cutoff:%Y-%m-%dT%H}" for cutoff in made]


def test_the_last_cutoff_is_the_latest_that_the_longest_horizon_allows() -> None:
    expected = ["2017-07-11T00", "2017-08-08T00", "2017-09-05T00", "2017-10-03T00"]
    assert cutoffs("2017-01-01", "2018-01-01") == expected


def test_the_last_cutoff_can_be_said() -> None:
    until = datetime(2017, 6, 1, tzinfo=UTC)
    expected = ["2017-05-04T00", "2017-06-01T00"]
    assert cutoffs("2017-01-01", "2018-01-01", count=2, until=until) == expected


def test_cutoffs_are_local_midnights_on_both_sides_of_a_change_of_the_clocks() -> None:
    options = {"count": 2, "every_days": 30.0, "longest_days": 61.0, "clock": BERLIN}
    assert cutoffs("2024-01-01", "2024-06-10", **options) == ["2024-03-10T23", "2024-04-09T22"]


def test_cutoffs_of_a_fine_grid_can_be_hours_apart() -> None:
    hours = {"every_days": 0.5, "longest_days": 2.0, "clock": Clock(1 / 24)}
    expected = ["2017-11-30T12", "2017-12-01T00", "2017-12-01T12", "2017-12-02T00"]
    assert cutoffs("2017-11-25", "2017-12-04", **hours) == expected


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"every_days": 1.5}, "[backtest] every is 1.5d, not a whole number of steps of 1d. Choo"),
        ({"every_days": 0.25}, "[backtest] every is 0.25d, not a whole number of steps of 1d."),
        (
            {"until": datetime(2017, 10, 4, tzinfo=UTC)},
            "[backtest] until 2017-10-04T00:00:00+00:00 lies after 2017-10-03T00:00:00+00:00, the "
            "last moment after which the longest horizon was observed. Choose an earlier one",
        ),
        (
            {"until": datetime(2017, 9, 1, 6, tzinfo=UTC)},
            "[backtest] until 2017-09-01T06:00:00+00:00 lies inside a step of 1d. Choose the start",
        ),
        (
            {"count": 9},
            "[backtest] 9 cutoffs 28d apart do not fit, 7 would: the last is "
            "2017-10-03T00:00:00+00:00, and before the first must lie 90d, the longest horizon, "
            "from the first order on, 2017-01-01T00:00:00+00:00. Set backtest.cutoffs to 7, or "
            "shorten backtest.every or evaluation.horizons.",
        ),
        ({"longest_days": 183.0}, "do not fit, 0 would: the last is 2017-07-02T00:00:00+00:00"),
        ({"longest_days": 183.0}, "Shorten backtest.every or evaluation.horizons."),
    ],
)
def test_cutoffs_that_cannot_be_are_refused_with_what_fits(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        cutoffs("2017-01-01", "2018-01-01", **changes)


def validated(first: str, end: str, *horizons: float, **changes: Any) -> list[str]:
    first_day, end_day = days(first, end)
    options = {"count": 3, "every_days": 28.0, "horizons_days": horizons, "clock": DAY}
    made = validation_cutoffs((first_day, end_day), **{**options, **changes})
    return [f"{cutoff:%Y-%m-%d}" for cutoff in made]


def test_validation_cutoffs_are_those_of_the_longest_horizon_that_fits() -> None:
    long, short = ["2017-05-08", "2017-06-05", "2017-07-03"], ["2017-07-30", "2017-08-27"]
    assert validated("2017-01-01", "2017-10-01", 7.0, 90.0, 365.0) == long
    assert validated("2017-07-01", "2017-09-24", 7.0, 28.0, 90.0, count=2) == short


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"every_days": 1.5}, "[tune] every is 1.5d, not a whole number of steps of 1d. Choose"),
        (
            {"count": 20},
            "[tune] 20 cutoffs 28d apart do not fit before the training cutoff "
            "2017-10-01T00:00:00+00:00, 10 would: the shortest horizon, 7d, must lie after the "
            "last and before the first, from the first order on, 2017-01-01T00:00:00+00:00. Set "
            "tune.cutoffs to 10, or shorten tune.every or evaluation.horizons.",
        ),
        ({"horizons_days": (150.0, 365.0)}, "0 would: the shortest horizon, 150d, must lie after"),
        ({"horizons_days": (150.0, 365.0)}, "Shorten tune.every or evaluation.horizons."),
    ],
)
def test_validation_cutoffs_that_do_not_fit_are_refused(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        validated("2017-01-01", "2017-10-01", 7.0, 90.0, **changes)


@given(
    length=st.integers(1, 400),
    every=st.integers(1, 40),
    longest=st.integers(1, 100),
    count=st.integers(1, 12),
    step=st.sampled_from([1.0, 1 / 24, 1 / 1440]),
)
def test_as_many_fit_as_the_refusal_says_and_all_of_them_can_be_judged(
    length: int, every: int, longest: int, count: int, step: float
) -> None:
    clock = Clock(step)
    start = 10_000 * clock.step_days
    span = (start, start + length * step)

    def made(count: int) -> list[datetime]:
        return rolling_cutoffs(
            span,
            count=count,
            every_days=every * step,
            longest_days=longest * step,
            until=None,
            clock=clock,
        )

    try:
        found = made(count)
    except ConfigError as error:
        room = int(str(error).partition(" would:")[0].rpartition(" ")[2])
        assert room < count
        assert room == 0 or len(made(room)) == room
        with pytest.raises(ConfigError, match="do not fit"):
            made(room + 1)
        return
    steps = [round((clock.at(cutoff) - start) / step) for cutoff in found]
    assert all(clock.is_on_grid(cutoff) for cutoff in found)
    assert steps == [length - longest - i * every for i in reversed(range(count))]
    assert steps[0] >= longest
