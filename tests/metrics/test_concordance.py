from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.metrics import antolini_concordance, auc, order_times

TIMES = np.arange(1.0, 7.0)


def by_definition(
    survival: np.ndarray, days: np.ndarray, observed: np.ndarray
) -> tuple[float, float]:
    """Concordant and comparable pairs, every pair looked at (Antolini et al. 2005, eq. 10)."""
    concordant = pairs = 0.0
    for i in np.flatnonzero(observed):
        at = int(days[i]) - 1
        for j in range(len(days)):
            if days[j] > days[i] or (days[j] == days[i] and not observed[j]):
                own, other = survival[i, at], survival[j, at]
                pairs += 1
                concordant += 1.0 if own < other else 0.5 if own == other else 0.0
    return concordant, pairs


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from([2, 5, 1_000]))
def test_concordance_is_the_share_of_pairs_by_definition(
    seed: int, customers: int, levels: int
) -> None:
    rng = np.random.default_rng(seed)
    survival = -np.sort(-rng.integers(0, levels, (customers, 6)) / levels, axis=1)
    days, observed = rng.integers(1, 7, customers).astype(float), rng.random(customers) < 0.6
    concordant, pairs = by_definition(survival, days, observed)
    found = antolini_concordance(survival, TIMES, days, observed)
    assert found.value == pytest.approx(concordant / pairs if pairs else math.nan, nan_ok=True)


def test_three_customers_by_hand() -> None:
    # the first orders on day 1 and is ranked before the second and behind the third; the second
    # on day 2, tied with the third: (1 + 0 + 1/2) / 3
    survival = [[0.5, 0.2], [0.6, 0.3], [0.4, 0.3]]
    found = antolini_concordance(survival, [1.0, 2.0], [1.0, 2.0, 2.0], [True, True, False])
    assert (found.value, found.compared) == (0.5, 2)


def test_with_one_time_it_is_the_area_under_the_roc_curve() -> None:
    rng = np.random.default_rng(0)
    probability, ordered = rng.random(300), rng.random(300) < 0.3
    found = antolini_concordance(1 - probability[:, None], [1.0], np.ones(300), ordered)
    assert found.value == pytest.approx(auc(probability, ordered))


def test_crossing_curves_are_compared_at_the_time_of_the_order() -> None:
    early, late = [0.3, 0.25, 0.2], [0.9, 0.5, 0.0]
    found = antolini_concordance([early, late], [1.0, 2.0, 3.0], [1.0, 3.0], [True, True])
    assert found.value == 1.0


def test_a_sample_of_times_estimates_the_whole_without_bias() -> None:
    rng = np.random.default_rng(1)
    mean_days = rng.gamma(2.0, 20.0, 2_000)
    days = np.ceil(rng.exponential(mean_days))
    observed = days <= 150
    days = np.minimum(days, 150)
    every = order_times(days, observed, at_most=1_000, seed=0)
    assert every.tolist() == sorted(set(days[observed].tolist()))

    def concordance(times: np.ndarray) -> float:
        survival = np.exp(-times / mean_days[:, None])
        return antolini_concordance(survival, times, days, observed).value

    some = [concordance(order_times(days, observed, at_most=30, seed=seed)) for seed in range(40)]
    assert np.mean(some) == pytest.approx(concordance(every), abs=0.005)
    assert order_times(days, observed, at_most=30, seed=3).size == 30


def test_nobody_to_compare_is_not_a_number() -> None:
    found = antolini_concordance([[0.5], [0.4]], [1.0], [1.0, 1.0], [True, True])
    assert math.isnan(found.value)
    assert found.compared == 0


@pytest.mark.parametrize(
    ("survival", "times", "days", "message"),
    [
        ([0.5], [1.0], [1.0], r"survival has shape \(1,\) and times \(1,\); expected \(B, T\)"),
        ([[0.5, 0.4]], [2.0, 1.0], [1.0], "times must rise"),
        ([[0.5, 1.4]], [1.0, 2.0], [1.0], r"values outside \[0, 1\]"),
        ([[0.5, 0.4]], [1.0, 2.0], [1.0, 2.0], r"days has shape \(2,\); expected \(1,\)"),
        ([[0.5, 0.4]], [1.0, 2.0], [np.nan], "all >= 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    survival: list[list[float]], times: list[float], days: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        antolini_concordance(survival, times, days, [True] * len(days))
