from __future__ import annotations

import numpy as np
import pytest

from seqchurn.metrics import brier, brier_curve, integrated_brier


def test_behind_one_cutoff_it_is_the_plain_brier_score_at_every_time() -> None:
    rng = np.random.default_rng(0)
    days = np.ceil(rng.exponential(8.0, 400))
    observed = days <= 10
    days = np.minimum(days, 10)
    times = np.arange(1.0, 11.0)
    survival = -np.sort(-rng.random((400, 10)), axis=1)
    plain = [brier(1 - survival[:, k], observed & (days <= t)) for k, t in enumerate(times)]
    assert np.allclose(brier_curve(survival, times, days, observed), plain)
    area = sum((a + b) / 2 for a, b in zip([0.0, *plain[:-1]], plain, strict=True)) / 10
    assert integrated_brier(survival, times, days, observed) == pytest.approx(area)


def test_customers_lost_on_the_way_are_made_up_for_by_weights_by_hand() -> None:
    # of four, one is lost on day 1, after which each of three stands for 4/3
    survival = [[0.9, 0.8], [0.7, 0.4], [0.9, 0.5], [0.6, 0.1]]
    days, observed = [1.0, 2.0, 3.0, 1.0], [False, True, False, True]
    # day 1: nobody was lost before it; the fourth ordered, the first counts as open
    day_1 = (0.1**2 + 0.3**2 + 0.1**2 + 0.6**2) / 4
    # day 2: the order of day 1 had been seen with certainty; the lost one, one of three who were
    # left behind it, passes its weight to the two others: 1 / (1 - 1/3)
    day_2 = (0.1**2 + 1.5 * 0.4**2 + 1.5 * 0.5**2) / 4
    assert np.allclose(brier_curve(survival, [1.0, 2.0], days, observed), [day_1, day_2])


def test_random_censoring_leaves_the_score_where_it_was() -> None:
    rng = np.random.default_rng(1)
    customers, times = 60_000, np.array([5.0, 10.0, 20.0])
    mean_days = rng.gamma(2.0, 8.0, customers)
    wait = np.ceil(rng.exponential(mean_days))
    lost = np.ceil(rng.exponential(25.0, customers))
    survival = np.exp(-times / mean_days[:, None])
    full = brier_curve(survival, times, wait, np.full(customers, True))
    censored = brier_curve(survival, times, np.minimum(wait, lost), wait <= lost)
    assert np.allclose(censored, full, atol=0.003)
    ignored = [brier(1 - survival[:, k], (wait <= t) & (wait <= lost)) for k, t in enumerate(times)]
    assert abs(ignored[-1] - full[-1]) > 0.02  # what the weights are for


def test_the_true_curve_is_best() -> None:
    rng = np.random.default_rng(2)
    times = np.arange(1.0, 31.0)
    mean_days = rng.gamma(2.0, 8.0, 5_000)
    wait = np.ceil(rng.exponential(mean_days))

    def score(factor: float) -> float:
        survival = np.exp(-times / (factor * mean_days[:, None]))
        return integrated_brier(survival, times, np.minimum(wait, 30), wait <= 30)

    assert score(1.0) < min(score(0.7), score(1.5))


def test_nobody_left_to_see_adds_nothing() -> None:
    assert brier_curve([[0.5]], [9.0], [2.0], [False]).tolist() == [0.0]
