from __future__ import annotations

import math

import numpy as np
import pytest

from seqchurn.metrics import (
    aggregate_bias,
    mean_absolute_error,
    root_mean_squared_error,
    spread_of_sum,
)


def test_errors_by_hand() -> None:
    expected, actual = [0.5, 2.0, 0.0], [0, 5, 0]
    assert mean_absolute_error(expected, actual) == pytest.approx(3.5 / 3)
    assert root_mean_squared_error(expected, actual) == pytest.approx(math.sqrt(9.25 / 3))
    assert aggregate_bias(expected, actual) == pytest.approx(-0.5)


def test_the_expectation_has_the_smallest_squared_error_and_no_bias() -> None:
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.5, 2.0, 50_000)
    actual = rng.poisson(rate)
    assert aggregate_bias(rate, actual) == pytest.approx(0.0, abs=0.02)
    best = root_mean_squared_error(rate, actual)
    assert best < min(root_mean_squared_error(rate * f, actual) for f in (0.9, 1.1))


def test_without_an_order_there_is_no_bias() -> None:
    assert math.isnan(aggregate_bias([0.5], [0]))


def test_the_spread_of_a_sum_by_hand() -> None:
    """Half as many came as expected: residuals are .5, -1 and .5."""
    assert spread_of_sum([1.0, 2.0, 1.0], [1, 0, 1]) == pytest.approx(math.sqrt(1.5))
    assert spread_of_sum([1.0, 3.0], [2, 6]) == 0.0  # always twice as many
    assert spread_of_sum([0.0, 0.0], [0, 0]) == 0.0


def test_19_of_20_intervals_of_observed_over_expected_hold_the_true_ratio() -> None:
    """Customers with rates of their own, of whom a model expects four fifths of what is right."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        rate = rng.gamma(0.5, 2.0, 1_000)
        expected, actual = 0.8 * rate, rng.poisson(rate * rng.gamma(2.0, 0.5, 1_000))
        half = 1.96 * spread_of_sum(expected, actual) / expected.sum()
        held += abs(actual.sum() / expected.sum() - 1.25) < half
    assert held / 400 == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(
    ("expected", "actual", "message"),
    [
        ([1.0, 2.0], [1], r"expected has shape \(2,\) and actual \(1,\)"),
        ([], [], "at least one customer"),
        ([-0.1], [1], "must be finite and at least zero"),
        ([math.nan], [1], "must be finite and at least zero"),
    ],
)
def test_counts_that_do_not_fit_are_refused(
    expected: list[float], actual: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        root_mean_squared_error(expected, actual)
