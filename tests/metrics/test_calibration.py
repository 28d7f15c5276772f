from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from seqchurn.metrics import (
    calibration_error_by_chance,
    expected_calibration_error,
    reliability_curve,
)


def test_probabilities_that_are_frequencies_have_a_small_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 3, 50_000)
    outcome = rng.random(50_000) < probability
    assert expected_calibration_error(probability, outcome) < 0.01
    assert expected_calibration_error(probability**2, outcome) > 0.05


def test_the_bands_hold_the_truth_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        probability = rng.beta(1, 3, 500)
        curve = reliability_curve(probability, rng.random(500) < probability)
        inside = curve.select(pl.col("predicted").is_between("lower", "upper"))
        held += inside.to_series().to_list()
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_ece_of_two_bins_by_hand() -> None:
    probability = [0.1, 0.3, 0.6, 0.8]
    # bins: mean 0.2 against 1/2, mean 0.7 against 1
    assert expected_calibration_error(probability, [0, 1, 1, 1], bins=2) == pytest.approx(0.3)


def test_bins_are_those_of_an_equal_split_of_the_sorted_customers() -> None:
    rng = np.random.default_rng(2)
    probability, outcome = rng.random(47), rng.random(47) < 0.4
    curve = reliability_curve(probability, outcome)
    order = np.argsort(probability)
    parts = np.array_split(order, 10)
    assert curve["n"].to_list() == [len(part) for part in parts]
    assert np.allclose(curve["predicted"], [probability[part].mean() for part in parts])
    assert np.allclose(curve["observed"], [outcome[part].mean() for part in parts])


def test_equal_probabilities_share_a_bin() -> None:
    curve = reliability_curve(np.full(100, 0.3), np.arange(100) < 20)
    assert curve.select("n", "predicted", "observed").rows() == [(100, pytest.approx(0.3), 0.2)]
    assert expected_calibration_error(np.full(100, 0.3), np.arange(100) < 20) == pytest.approx(0.1)


def test_the_order_of_customers_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    probability = rng.choice([0.1, 0.2, 0.5, 0.9], 300)
    outcome = rng.random(300) < 0.5
    shuffled = rng.permutation(300)
    first = reliability_curve(probability, outcome)
    second = reliability_curve(probability[shuffled], outcome[shuffled])
    assert np.allclose(first.to_numpy(), second.to_numpy())


def test_a_single_customer_and_a_single_class_have_a_curve() -> None:
    for outcome in (0, 1):
        curve = reliability_curve([0.4], [outcome])
        assert curve.height == 1
        assert 0.0 <= curve["lower"][0] <= outcome <= curve["upper"][0] <= 1.0


def test_no_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="bins is 0; expected at least 1"):
        reliability_curve([0.4], [1], bins=0)


@pytest.mark.parametrize(("customers", "bins"), [(2_000, 10), (200, 10), (60, 4)])
def test_true_probabilities_show_the_error_of_chance_in_the_mean(customers: int, bins: int) -> None:
    rng = np.random.default_rng(4)
    probability = rng.beta(2, 3, customers)
    found = [
        expected_calibration_error(probability, rng.random(customers) < probability, bins=bins)
        for _ in range(400)
    ]
    chance = calibration_error_by_chance(probability, bins=bins)
    assert chance == pytest.approx(np.mean(found), rel=0.05)


def test_certain_probabilities_leave_nothing_to_chance() -> None:
    assert calibration_error_by_chance([0.0, 0.0, 1.0, 1.0], bins=2) == 0.0
