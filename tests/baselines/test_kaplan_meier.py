from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import KaplanMeier
from seqchurn.baselines.product_limit import ProductLimit


def test_the_curve_of_five_waits_by_hand() -> None:
    # orders after 2, 3, 3 steps; open after 3 and 8: an open wait of 3 is still at risk at 3
    curve = ProductLimit(np.array([2, 3, 3, 3, 8]), np.array([True, True, True, False, False]))
    assert curve.times.tolist() == [2, 3]
    assert np.allclose(curve.survival, [4 / 5, 4 / 5 * 2 / 4])
    days = np.array([0.0, 1.0, 2.0, 2.9, 3.0, 8.0])
    assert np.allclose(np.exp(curve.log_survival(days)), [1.0, 1.0, 0.8, 0.8, 0.4, 0.4])
    assert curve.probability(np.array(1.0), np.array(2.0)) == pytest.approx(0.6)
    assert curve.probability(np.array(2.0), np.array(1.0)) == pytest.approx(0.5)


def test_customers_by_hand_with_an_order_on_the_day_of_the_cutoff_still_possible() -> None:
    # waits 2, 2, 4, and open at day 10: e = 10 - 8 - 1 = 1, and 10 - 5 - 1 = 4
    known = pl.DataFrame(
        {
            "customer_id": ["a", "b"],
            "first_day": [4.0, 1.0],
            "order_days": [[4.0, 8.0], [1.0, 3, 5]],
        }
    )
    baseline = KaplanMeier().fit(known, cutoff_day=10.0, step_days=1.0, horizons_days=[1.0])
    # at 2 four waits at risk and two end; at 4 two at risk (one open at 4) and one ends
    result = baseline.probability(known, cutoff_day=10.0, horizon_days=[1.0, 3.0])
    assert np.allclose(result[0], [1 - 0.5, 1 - 0.25])


def test_a_smooth_curve_meets_the_estimate_at_its_steps_and_falls_between_them() -> None:
    waits = np.array([2, 6, 9]), np.array([True, True, False])
    exact, smooth = ProductLimit(*waits), ProductLimit(*waits, smooth=True)
    met = np.array([0.0, 2.0, 6.0, 9.0, 40.0])
    assert np.allclose(smooth.log_survival(met), exact.log_survival(met))
    between = smooth.log_survival(np.array([2.0, 3.0, 4.0, 5.0, 6.0]))
    assert np.allclose(np.diff(between), np.log(1 / 2) / 4)


@pytest.mark.parametrize("last_observed", [True, False])
def test_beyond_the_longest_wait_the_curve_goes_on_falling(last_observed: bool) -> None:
    curve = ProductLimit(np.array([1, 2, 5, 20]), np.array([True, True, True, last_observed]))
    log_survival = curve.log_survival(np.array([19.0, 20.0, 30.0, 100.0, 1e6]))
    assert np.isfinite(log_survival).all()
    assert (np.diff(log_survival[1:]) < 0).all()
    assert 0 < curve.probability(np.array(50.0), np.array(10.0)) < 1


def test_the_exponent_of_a_pareto_tail_is_recovered() -> None:
    rng = np.random.default_rng(0)
    waits = np.rint(100 * rng.pareto(1.5, 50_000)).astype(np.int64)
    observed = waits <= 1000
    curve = ProductLimit(np.minimum(waits, 1000), observed)
    exact = (1 + 1000 / 100) ** -1.5 / (1 + 5000 / 100) ** -1.5
    fall = curve.log_survival(np.array(1000.0)) - curve.log_survival(np.array(5000.0))
    assert fall == pytest.approx(np.log(exact), rel=0.12)


def test_waits_that_all_are_open_give_a_curve() -> None:
    curve = ProductLimit(np.array([0, 3]), np.array([False, False]))
    assert curve.probability(np.array(0.0), np.array(2.0)) == 0.0
    assert 0 < curve.probability(np.array(3.0), np.array(2.0)) < 1
    nothing = ProductLimit(np.zeros(0, np.int64), np.zeros(0, bool))
    assert 0 < nothing.probability(np.array(0.0), np.array(2.0)) < 1
