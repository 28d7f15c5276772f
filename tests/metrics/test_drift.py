from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from seqchurn.metrics.drift import population_stability, quantile_counts, two_sample_distance

COUNTS = st.lists(st.integers(0, 10_000), min_size=3, max_size=3)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def test_the_index_is_the_sum_by_hand() -> None:
    # (100.5, 50.5) and (50.5, 100.5) of 151
    p, q = 100.5 / 151, 50.5 / 151
    by_hand = (q - p) * math.log(q / p) + (p - q) * math.log(p / q)
    assert population_stability([100, 50], [50, 100]) == pytest.approx(by_hand, rel=1e-12)


@given(COUNTS, COUNTS)
def test_the_index_is_symmetric_and_zero_for_equal_shares(one: list[int], other: list[int]) -> None:
    assert population_stability(one, one) == 0.0
    there, back = population_stability(one, other), population_stability(other, one)
    assert there == pytest.approx(back)
    assert there >= 0.0


def test_a_class_that_has_gone_is_a_lot_and_finite() -> None:
    assert 0.25 < population_stability([900, 100], [1_000, 0]) < 1.0


@given(NUMBERS, NUMBERS)
def test_the_distance_is_the_largest_gap_of_the_shares_by_hand(
    one: list[float], other: list[float]
) -> None:
    gaps = [
        abs(sum(x <= place for x in one) / len(one) - sum(x <= place for x in other) / len(other))
        for place in [*one, *other]
    ]
    assert two_sample_distance(one, other) == pytest.approx(max(gaps), abs=1e-12)


def test_the_distance_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=300), rng.normal(0.2, size=200)
    expected = ks_2samp(one, other).statistic
    assert two_sample_distance(one, other) == pytest.approx(expected, abs=1e-12)


def test_quantiles_of_the_first_split_it_evenly_and_the_second_as_it_falls() -> None:
    before, now = np.arange(1_000.0), np.full(30, 999.0)
    first, second = quantile_counts(before, now)
    assert first.tolist() == [100] * 10 + [0]
    assert second.tolist() == [0] * 9 + [30, 0]


def test_unknown_numbers_are_a_class_and_ties_share_one() -> None:
    first, second = quantile_counts([5.0] * 90 + [math.nan] * 10, [math.nan, 5.0, 4.0])
    assert first.sum() == 100
    assert second.sum() == 3
    assert first[-1] == 10
    assert second[-1] == 1
    assert sorted(first[:-1])[-1] == 90


def test_nobody_who_has_ordered_is_no_reason_to_fail() -> None:
    first, second = quantile_counts([math.nan] * 4, [1.0, math.nan])
    assert (first.tolist(), second.tolist()) == ([0, 4], [1, 1])
