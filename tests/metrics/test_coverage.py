from __future__ import annotations

import math

import numpy as np
import pytest

from seqchurn.metrics import interval_coverage

LATER = 99.0


def test_five_customers_by_hand() -> None:
    interval = [[1, 3], [1, 3], [1, 3], [2, LATER], [2, LATER]]
    days, observed = [3, 4, 10, 5, 10], [True, True, False, True, False]
    mass = [0.8, 0.9, 0.85, 0.8, 0.8]
    found = interval_coverage(interval, mass, days, observed, end_days=10)
    # the third has missed its interval without an order; the fifth may still fall into its own
    assert found.decided == 3
    assert found.value == pytest.approx(1 / 3)
    assert found.expected == pytest.approx(0.85)
    assert (found.low, found.high) == pytest.approx((2 / 5, 3 / 5))


def test_an_order_before_the_interval_is_outside() -> None:
    found = interval_coverage([[2, LATER]], [0.8], [1], [True], end_days=10)
    assert (found.low, found.high) == (0.0, 0.0)
    assert math.isnan(found.value)


def test_true_intervals_hold_as_many_orders_as_they_expect_in_spite_of_an_early_end() -> None:
    rng = np.random.default_rng(0)
    mean_days = rng.gamma(2.0, 15.0, 50_000)
    day = np.floor(rng.exponential(mean_days)) + 1
    first, last = (np.ceil(-np.log1p(-level) * mean_days) for level in (0.1, 0.9))
    mass = np.exp(-(first - 1) / mean_days) - np.exp(-last / mean_days)
    observed, end = day <= 30, 30.0
    interval, days = np.stack([first, last], axis=1), np.minimum(day, end)
    found = interval_coverage(interval, mass, days, observed, end_days=end)
    assert 5_000 < found.decided < 45_000
    assert found.value == pytest.approx(found.expected, abs=0.01)
    assert found.expected > 0.8
    whole = ((day >= first) & (day <= last)).mean()
    assert found.low < whole < found.high
