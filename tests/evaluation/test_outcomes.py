from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from seqchurn.errors import ConfigError, DataError
from seqchurn.evaluation import Outcomes, outcomes_at
from seqchurn.waits.clock import Clock

DAILY = Clock(1.0)
DAY = DAILY.at(datetime(2017, 10, 1, tzinfo=UTC))
"""The cutoff of these tests."""


def log(*rows: tuple[str, float, list[float]]) -> pl.DataFrame:
    """Histories from (id, first day, order days), days counted from the cutoff."""
    schema = {"customer_id": pl.String, "first_day": pl.Float64, "order_days": pl.List(pl.Float64)}
    shifted = [(name, first + DAY, [day + DAY for day in days]) for name, first, days in rows]
    return pl.DataFrame(shifted, schema=schema, orient="row")


LOG = log(
    ("regular", -9, [-9, -4, 0, 7]),
    ("late", -5, [-5, 7]),
    ("gone", -8, [-8, -7]),
    ("looker", -3, []),
    ("new", 0, [0]),
)


def outcomes(
    histories: pl.DataFrame = LOG,
    *,
    cutoff: datetime = datetime(2017, 10, 1, tzinfo=UTC),
    horizons: Sequence[float] = (1, 7, 8),
    clock: Clock = DAILY,
) -> Outcomes:
    return outcomes_at(
        histories, cutoff=cutoff, horizons_days=horizons, end_day=DAY + 10, clock=clock
    )


def test_a_window_holds_its_first_day_and_not_its_end() -> None:
    result = outcomes()
    assert result.known["customer_id"].to_list() == ["regular", "late", "gone", "looker"]
    expected = [[True, True, True], [False, False, True], [False] * 3, [False] * 3]
    assert result.ordered.tolist() == expected


def test_waits_are_the_step_of_the_order_or_reach_to_the_end_of_the_log() -> None:
    result = outcomes()
    assert result.observed.tolist() == [True, True, False, False]
    assert result.wait_days.tolist() == [[0, 1], [7, 8], [10, 10], [10, 10]]


def test_what_was_known_ends_before_the_cutoff() -> None:
    assert outcomes().known["order_days"].list.max().max() == DAY - 4


def test_orders_of_a_window_are_its_order_days() -> None:
    assert outcomes().order_counts.tolist() == [[1, 1, 2], [0, 0, 1], [0] * 3, [0] * 3]
    assert np.array_equal(outcomes().order_counts > 0, outcomes().ordered)


def test_the_end_of_the_log_is_a_whole_number_of_steps_from_the_cutoff() -> None:
    assert (outcomes().end_days, outcomes().step_days) == (10.0, 1.0)


def test_a_horizon_may_end_with_the_log_and_not_after_it() -> None:
    assert outcomes(horizons=[10]).ordered.sum() == 2
    message = (
        r"cutoff 2017-10-01 \+ 11d = 2017-10-12 lies after the end of the log 2017-10-11; "
        "choose a shorter horizon or an earlier cutoff"
    )
    with pytest.raises(ConfigError, match=message):
        outcomes(horizons=[10, 11])


def test_a_horizon_between_two_steps_is_refused() -> None:
    with pytest.raises(ConfigError, match="horizon 0.25d is not a whole number of steps of 1d"):
        outcomes(horizons=[0.25])


@pytest.mark.parametrize(
    ("cutoff", "message"),
    [
        (
            datetime(2017, 9, 1, tzinfo=UTC),
            "no customer is known before the cutoff 2017-09-01; the",
        ),
        (datetime(2017, 9, 22, tzinfo=UTC), "the log holds 2017-09-22 to 2017-10-11"),
        (datetime(2017, 10, 11, tzinfo=UTC), "nothing follows the cutoff 2017-10-11"),
        (datetime(2017, 10, 1, 6, tzinfo=UTC), "2017-10-01 06:00:00 lies inside a step of 1d"),
    ],
)
def test_a_cutoff_outside_the_log_or_the_grid_is_refused(cutoff: datetime, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        outcomes(cutoff=cutoff)


def test_an_empty_log_is_refused() -> None:
    with pytest.raises(DataError, match="the log holds no customer"):
        outcomes(LOG.clear())


def test_dates_in_messages_are_those_of_the_zone() -> None:
    london = Clock(1.0, "Europe/London")
    with pytest.raises(ConfigError, match=r"cutoff 2017-10-01 \+ 40d = 2017-11-10 lies"):
        outcomes(cutoff=london.instant("2017-10-01"), horizons=[40], clock=london)


def test_a_grid_of_seconds_labels_the_same() -> None:
    second = 1 / 86_400
    start = 17_000 * 86_400
    fine = LOG.with_columns(
        (pl.col("first_day") - DAY + start) / 86_400,
        pl.col("order_days").list.eval((pl.element() - DAY + start) / 86_400),
    )
    clock = Clock(second)
    result = outcomes_at(
        fine,
        cutoff=clock.moment(start / 86_400),
        horizons_days=[second, 7 * second, 8 * second],
        end_day=(start + 10) / 86_400,
        clock=clock,
    )
    assert result.ordered.tolist() == outcomes().ordered.tolist()
    assert result.order_counts.tolist() == outcomes().order_counts.tolist()
    # equal waits are equal numbers, in spite of the rounding of days
    assert np.array_equal(result.wait_days, outcomes().wait_days * second)
