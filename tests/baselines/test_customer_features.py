from __future__ import annotations

import numpy as np
import polars as pl

from seqchurn.baselines.customer_features import CustomerFeatures, windows
from seqchurn.waits.histories import known_before

WINDOWS = [2.0, 7.0, 28.0]
NAN = np.nan


def features(log: pl.DataFrame, day: float) -> np.ndarray:
    made = CustomerFeatures(log, windows_days=WINDOWS, step_days=1.0, event_types=["order", "view"])
    return made.at(day)


def events(*rows: tuple[float, str, float | None]) -> list[dict[str, object]]:
    return [
        {"day": day, "event_type": kind, "numbers": {"amount": amount}}
        for day, kind, amount in rows
    ]


def test_the_features_of_three_customers_by_hand() -> None:
    known = pl.DataFrame(
        {
            "first_day": [0.0, 2.0, 5.0],
            "order_days": [[0.0, 2.0, 8.0, 10.0], [4.0], []],
            "events": [
                events((0, "order", 3), (2, "order", 4), (8, "order", 8), (10, "order", 1)),
                events((2, "view", None), (4, "order", 7)),
                events((5, "view", None), (9, "view", None)),
            ],
        },
        schema_overrides={"order_days": pl.List(pl.Float64)},
    )
    # the order on day 10 itself is not seen; a window of 2 reaches back to day 8, of 7 to day 3
    spread = np.std([2.0, 6.0])
    expected = [
        [10, 3, 2, 10, 0.3, 6, 2, NAN, 4, spread, 0.5, (2 - 4) / (spread + 1), 1, 1, 3],
        [8, 1, 6, 6, 1 / 6, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 1, 1],
        [5, 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0, 0],
    ]
    of_events = [  # recency, all, last 2 days, last 28 days: of orders, then of views
        [2, 3, 1, 3, NAN, 0, 0, 0],
        [6, 1, 0, 1, 8, 1, 0, 1],
        [NAN, 0, 0, 0, 1, 2, 1, 2],
    ]
    of_amounts = [[15, 5, 8], [7, 7, 7], [0, NAN, NAN]]  # sum, mean, last
    found = features(known, 10.0)
    assert np.allclose(found, np.hstack([expected, of_events, of_amounts]), equal_nan=True)
    assert np.allclose(features(known.drop("events"), 10.0), expected, equal_nan=True)


def test_features_of_a_day_are_those_of_a_log_that_ends_there(
    log_with_events: pl.DataFrame,
) -> None:
    day = 120.0
    there = (log_with_events["first_day"] < day).to_numpy()
    whole = features(log_with_events, day)[there]
    ended = features(known_before(log_with_events, day), day)
    assert np.array_equal(whole, ended, equal_nan=True)
    assert np.isfinite(whole[:, :2]).all()


def test_windows_shrink_with_a_short_log_and_never_below_a_step() -> None:
    assert windows(700.0, 1.0) == [7, 14, 28, 56, 91, 182, 364]
    assert np.allclose(windows(7.0, 1 / 24), np.array([7, 14, 28, 56, 91, 182, 364]) / 52)
    assert windows(3.0, 1.0) == [1, 1, 1, 1, 1, 1.5, 3]
