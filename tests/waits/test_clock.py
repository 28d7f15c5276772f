from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.waits import Clock

STEPS = {"1s": 1 / 86_400, "1h": 1 / 24, "1d": 1.0, "7d": 7.0}
CLOCKS = st.builds(
    Clock, st.sampled_from(list(STEPS.values())), st.sampled_from(["UTC", "Europe/London"])
)
MOMENTS = st.datetimes(datetime(1969, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def grid(clock: Clock, moments: list[datetime]) -> list[float]:
    table = pl.DataFrame({"t": moments}, schema={"t": pl.Datetime("us", "UTC")})
    return table.select(clock.grid(pl.col("t"))).to_series().to_list()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(CLOCKS, st.lists(MOMENTS, min_size=1, max_size=40))
def test_a_moment_and_a_table_of_any_length_lie_on_the_same_grid(
    clock: Clock, moments: list[datetime]
) -> None:
    expected = [clock.at(moment) for moment in moments]
    assert grid(clock, moments) == expected  # to the bit
    assert [grid(clock, [moment])[0] for moment in moments] == expected


@given(CLOCKS, MOMENTS)
def test_the_moment_of_a_grid_day_starts_the_step_that_holds_the_instant(
    clock: Clock, moment: datetime
) -> None:
    day = clock.at(moment)
    step_start = clock.moment(day)
    assert clock.at(step_start) == day
    assert clock.is_on_grid(step_start)
    longest = timedelta(days=clock.step_days) + timedelta(hours=1 if clock.step_days >= 1 else 0)
    assert timedelta(0) <= moment - step_start < longest
    assert clock.at(step_start - timedelta(microseconds=1)) < day


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/Sao_Paulo", "America/Havana"])
@pytest.mark.parametrize("step_days", STEPS.values(), ids=STEPS)
def test_a_column_of_days_has_the_moments_of_its_days(zone: str, step_days: float) -> None:
    clock = Clock(step_days, zone)
    first, last = clock.at(utc("2018-10-20")), clock.at(utc("2019-11-10"))
    days = [first + n * max(step_days, 1.0) for n in range(int((last - first) / max(step_days, 1)))]
    found = pl.DataFrame({"day": [*days, None]}).select(clock.moments(pl.col("day"))).to_series()
    assert found.to_list() == [*map(clock.moment, days), None]


def test_a_local_day_of_23_hours_is_a_day_and_one_of_25_hours_too() -> None:
    london = Clock(1.0, "Europe/London")
    spring = [utc("2024-03-30T23:30"), utc("2024-03-31T22:30"), utc("2024-03-31T23:30")]
    first = london.at(spring[0])
    assert [day - first for day in grid(london, spring)] == [0.0, 1.0, 2.0]
    autumn = [utc("2024-10-26T22:30"), utc("2024-10-26T23:30"), utc("2024-10-27T23:30")]
    first = london.at(autumn[0])
    assert [day - first for day in grid(london, autumn)] == [0.0, 1.0, 1.0]


def test_an_order_before_and_one_after_local_midnight_are_a_day_apart() -> None:
    late, early = utc("2024-07-01T22:30"), utc("2024-07-01T23:30")  # 23:30 and 00:30 in London
    assert Clock(1.0, "Europe/London").at(early) - Clock(1.0, "Europe/London").at(late) == 1.0
    assert Clock(1.0).at(early) == Clock(1.0).at(late)


def test_a_grid_of_hours_counts_elapsed_time_whatever_the_zone() -> None:
    clock = Clock(1 / 24, "Europe/London")
    before, after = utc("2024-03-31T00:30"), utc("2024-03-31T01:30")  # 00:30 and 02:30 in London
    assert clock.at(after) - clock.at(before) == pytest.approx(1 / 24)
    assert not clock.counts_calendar_days


def test_a_bare_date_is_local_on_every_grid_and_an_offset_is_obeyed() -> None:
    for step_days in STEPS.values():
        clock = Clock(step_days, "Europe/London")
        assert clock.instant("2024-07-01") == utc("2024-06-30T23:00")
        assert clock.instant("2024-01-01T06:00") == utc("2024-01-01T06:00")
        assert clock.instant("2024-07-01T00:00+02:00") == utc("2024-06-30T22:00")


def test_only_the_start_of_a_step_is_on_the_grid() -> None:
    london = Clock(1.0, "Europe/London")
    assert london.is_on_grid(utc("2024-06-30T23:00"))
    assert not london.is_on_grid(utc("2024-07-01T00:00"))
    assert Clock(1 / 24).is_on_grid(utc("2024-07-01T05:00"))
    assert not Clock(1 / 24).is_on_grid(utc("2024-07-01T05:00:00.000001"))
    week = Clock(7.0)  # 1970-01-01 was a Thursday, and so is the start of every step
    assert week.is_on_grid(utc("2024-07-04"))
    assert not week.is_on_grid(utc("2024-07-05"))


@given(CLOCKS, st.lists(MOMENTS, min_size=1, max_size=40))
def test_days_are_those_of_python_and_do_not_depend_on_the_table(
    clock: Clock, moments: list[datetime]
) -> None:
    def days(some: list[datetime]) -> list[float]:
        table = pl.DataFrame({"t": some}, schema={"t": pl.Datetime("us", "UTC")})
        return table.select(clock.days(pl.col("t"))).to_series().to_list()

    found = days(moments)
    assert [days([moment])[0] for moment in moments] == found  # to the bit
    zone = ZoneInfo(clock.timezone) if clock.counts_calendar_days else UTC
    walls = [moment.astimezone(zone).replace(tzinfo=None) for moment in moments]
    expected = [(wall - datetime(1970, 1, 1)) / timedelta(days=1) for wall in walls]
    assert found == pytest.approx(expected, rel=1e-15, abs=1e-15)


def test_days_are_not_rounded() -> None:
    table = pl.DataFrame({"t": [utc("1970-01-02T06:00")]}, schema={"t": pl.Datetime("us", "UTC")})
    assert table.select(Clock(1.0).days(pl.col("t"))).item() == 1.25
    london = table.select(Clock(1.0, "Europe/London").days(pl.col("t"))).item()
    assert london == pytest.approx(1.25 + 1 / 24, rel=1e-15)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Africa/Cairo", "2025-04-25"), ("America/Santiago", "2025-09-07")],
)
def test_a_day_whose_midnight_is_skipped_can_be_a_cutoff(zone: str, day: str) -> None:
    clock = Clock(1.0, zone)
    moment = clock.instant(day)
    assert clock.is_on_grid(moment)
    assert clock.moment(clock.at(moment)) == moment
    assert not clock.is_on_grid(moment + timedelta(minutes=30))
    days = pl.DataFrame({"days": [clock.at(moment)]})
    assert days.select(clock.moments(pl.col("days"))).item() == moment
