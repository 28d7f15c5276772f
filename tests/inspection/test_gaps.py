from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.baselines.product_limit import ProductLimit
from seqchurn.inspection.gaps import gap_counts, gap_quantile, with_shares


def days_of(orders: dict[str, list[float]]) -> pl.LazyFrame:
    """Order days of each customer, ascending."""
    pairs = [(customer, day) for customer, days in orders.items() for day in days]
    schema = {"customer_id": pl.String, "day": pl.Float64}
    return pl.LazyFrame(pairs, schema=schema, orient="row")


def counted(
    orders: dict[str, list[float]], *, end_day: float, step_days: float = 1.0
) -> list[tuple[int, ...]]:
    gaps = gap_counts(days_of(orders), end_day=end_day, step_days=step_days)
    return gaps.sort("steps").collect().rows()


def test_a_gap_ends_with_the_next_order_and_an_open_one_with_the_last_step_seen() -> None:
    found = counted({"a": [1.0, 3.0, 10.0], "b": [9.0]}, end_day=12.0)
    assert found == [(1, 0, 1), (2, 1, 1), (7, 1, 0)]  # open: b from 9 and a from 10, seen to 11


def test_orders_at_the_end_and_later_are_not_seen() -> None:
    assert counted({"a": [1.0, 12.0]}, end_day=12.0) == [(10, 0, 1)]
    assert counted({"a": [12.0, 14.0]}, end_day=12.0) == []


def test_gaps_are_whole_steps_of_the_grid() -> None:
    hour = 1 / 24
    assert counted({"a": [0.0, 7 * hour]}, end_day=1.0, step_days=hour) == [(7, 1, 0), (16, 0, 1)]


@given(steps=st.integers(1, 10**9))
def test_long_gaps_keep_twelve_binary_digits(steps: int) -> None:
    second = 1 / 86_400
    days = {"a": [0.0, steps * second]}
    [just_open, (kept, *counts)] = counted(days, end_day=(steps + 1) * second, step_days=second)
    assert (just_open, counts) == ((0, 0, 1), [1, 0])
    assert kept == steps if steps < 4_096 else steps * (1 - 1 / 2_048) < kept <= steps


def test_both_distributions_by_hand() -> None:
    gaps = pl.DataFrame({"steps": [1, 2, 5], "ended": [2, 1, 1], "open": [0, 3, 1]})
    found = with_shares(gaps)
    assert found["share_ended"].to_list() == [0.5, 0.75, 1.0]
    # at risk 8, 6, 2: S = 6/8, 6/8 * 5/6, 6/8 * 5/6 * 1/2
    assert found["share_all"].to_list() == pytest.approx([1 - 0.75, 1 - 0.625, 1 - 0.3125])
    assert [gap_quantile(found, "share_ended", level) for level in (0.5, 0.51, 0.9)] == [1, 2, 5]
    assert [gap_quantile(found, "share_all", level) for level in (0.25, 0.6, 0.9)] == [1, 5, None]


def test_the_distribution_of_all_is_that_of_the_baseline() -> None:
    rng = np.random.default_rng(3)
    steps, came = rng.integers(0, 40, 500), rng.random(500) < 0.6
    steps[came] += 1
    table = pl.DataFrame({"steps": steps, "came": came})
    gaps = table.group_by("steps").agg(ended=pl.sum("came"), open=(~pl.col("came")).sum())
    found = with_shares(gaps.sort("steps")).filter(pl.col("ended") > 0)
    peer = ProductLimit(steps, came)
    assert found["steps"].to_list() == peer.times.tolist()
    np.testing.assert_allclose(found["share_all"], 1 - peer.survival, atol=1e-12)


def test_where_nobody_ordered_twice_no_length_is_known() -> None:
    found = with_shares(pl.DataFrame({"steps": [3, 4], "ended": [0, 0], "open": [5, 1]}))
    assert found["share_ended"].to_list() == found["share_all"].to_list() == [0.0, 0.0]
    assert gap_quantile(found, "share_ended", 0.9) is None
    assert gap_quantile(with_shares(found.clear()), "share_ended", 0.9) is None
