from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines.first_order import FirstOrderRate
from seqchurn.baselines.mean_count import MeanCount


def test_the_mean_count_of_two_groups_by_hand() -> None:
    # four customers followed for 2 steps, two for 5; orders after 1, 1, 2, 4 steps
    count = MeanCount(np.array([1, 4, 2, 1]), np.array([2, 5]), np.array([4, 2]))
    steps = np.array([0.0, 1.0, 2.0, 4.0, 5.0])
    means = [0.0, 2 / 6, 3 / 6, 3 / 6 + 1 / 2, 1.0]
    assert count.by(steps) == pytest.approx(means)
    assert count.by(np.array([3.0, 10.0])) == pytest.approx([0.75, 2.0])  # between; in proportion


def test_without_any_order_the_mean_count_is_zero() -> None:
    nothing = np.zeros(0, np.int64)
    assert MeanCount(nothing, nothing, nothing).by(np.array([0.0, 9.0])).tolist() == [0.0, 0.0]
    assert MeanCount(nothing, np.array([3]), np.array([7])).by(np.array([9.0])).tolist() == [0.0]


def test_customers_without_an_order_are_expected_to_do_as_others_like_them_did() -> None:
    # seen on day 0; half place orders on days 10, 11 and 12, the others never
    orders = [[10.0, 11.0, 12.0], []] * 50
    known = pl.DataFrame(
        {"customer_id": range(100), "first_day": 0.0, "order_days": orders},
        schema_overrides={"order_days": pl.List(pl.Float64)},
    )
    rate = FirstOrderRate(known, cutoff_day=13.0, step_days=1.0)
    # earlier cutoffs on days 1 to 12; on days 11 and 12 only those without an order are asked
    horizon = np.array([[1.0, 3.0, 12.0, 24.0]])
    counts = rate.expected_orders(horizon)
    asked = {day: 100 if day <= 10 else 50 for day in range(1, 13)}
    by_hand = 0.0
    for step in range(1, 13):  # followed to day 12: cutoffs up to day 13 - step are still open
        still = [day for day in asked if day <= 13 - step]
        orders = sum(50 for day in still if day <= 10 and day + step - 1 in (10, 11, 12))
        by_hand += orders / sum(asked[day] for day in still)
        if step in (1, 3, 12):
            assert counts[0, [1, 3, 12].index(step)] == pytest.approx(by_hand)
    assert counts[0, 3] == pytest.approx(2 * by_hand)
    assert (counts >= rate.probability(horizon)).all()
