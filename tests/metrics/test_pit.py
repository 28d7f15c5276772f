from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from seqchurn.metrics import d_calibration, draw_resamples, kolmogorov_smirnov, randomised_pit

CUSTOMERS = 20_000


def drawn_waits(end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities before and through the step of a wait drawn from them, open at the end."""
    rng = np.random.default_rng(0)
    mean_days = rng.gamma(2.0, 15.0, CUSTOMERS)
    step = np.floor(rng.exponential(mean_days))
    observed = step < end
    start = np.minimum(step, end)
    before, through = (-np.expm1(-days / mean_days) for days in (start, start + observed))
    return before, through, observed


@pytest.mark.parametrize("end", [3, 40, 100_000])
def test_true_waits_are_even_however_coarse_the_grid_and_early_the_end(end: int) -> None:
    before, through, observed = drawn_waits(end)
    assert kolmogorov_smirnov(randomised_pit(before, through, observed)) < 1.6 / CUSTOMERS**0.5
    drawn = draw_resamples(CUSTOMERS, number=200, seed=0)
    found = d_calibration(before, through, observed, drawn=drawn)
    assert np.allclose(found.shares, 0.1, atol=0.01)
    assert found.deviation < 0.01
    assert (found.shares_low < found.shares).all()
    assert (found.shares < found.shares_high).all()


def test_orders_that_come_too_soon_fill_the_low_bins() -> None:
    before, through, observed = drawn_waits(40)
    late = [1 - (1 - p) ** 0.5 for p in (before, through)]  # waits twice as long are predicted
    found = d_calibration(*late, observed, drawn=draw_resamples(CUSTOMERS, number=100, seed=0))
    assert found.shares[0] > 0.15
    assert found.low < found.deviation < found.high
    assert kolmogorov_smirnov(randomised_pit(*late, observed)) > 0.1


def test_the_distance_is_that_of_scipy() -> None:
    values = np.random.default_rng(1).beta(1.0, 1.2, 300)
    assert kolmogorov_smirnov(values) == pytest.approx(kstest(values, "uniform").statistic)


def test_values_lie_in_the_step_or_above_the_end() -> None:
    before, through, observed = drawn_waits(40)
    value = randomised_pit(before, through, observed, seed=5)
    assert (value >= before).all()
    assert (value[observed] <= through[observed]).all()
    assert np.array_equal(value, randomised_pit(before, through, observed, seed=5))


def test_shares_by_hand() -> None:
    # a step from .15 to .35 fills half of the second and half of the third of five bins; a wait
    # open at .6 is spread over the upper two
    drawn = draw_resamples(2, number=10, seed=0)
    found = d_calibration([0.15, 0.6], [0.35, 0.6], [True, False], drawn=drawn, bins=5)
    assert np.allclose(found.shares, [0.125, 0.375, 0, 0.25, 0.25])
    assert found.deviation == pytest.approx(0.2)


def test_a_step_without_probability_lies_in_one_bin() -> None:
    drawn = draw_resamples(4, number=10, seed=0)
    low = [0.0, 0.3, 0.55, 1.0]
    found = d_calibration(low, low, [True] * 4, drawn=drawn, bins=2)
    assert np.allclose(found.shares, [0.5, 0.5])
    ends = d_calibration([1.0], [1.0], [False], drawn=draw_resamples(1, number=10, seed=0))
    assert ends.shares.tolist() == [0.0] * 9 + [1.0]


def test_the_band_holds_what_another_draw_of_customers_would_give() -> None:
    before, through, observed = drawn_waits(40)
    tilted = [1 - (1 - p) ** 0.6 for p in (before, through)]
    truth = d_calibration(*tilted, observed, drawn=draw_resamples(CUSTOMERS, number=10, seed=0))
    held = []
    for part in np.array_split(np.arange(CUSTOMERS), 50):
        drawn = draw_resamples(part.size, number=200, seed=0)
        found = d_calibration(*(p[part] for p in tilted), observed[part], drawn=drawn)
        held.append(found.low <= truth.deviation <= found.high)
    assert np.mean(held) > 0.85
