from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from seqchurn.metrics import antolini_concordance, order_times

RNG = np.random.default_rng(5)
MEAN_DAYS = RNG.gamma(1.0, 4.0, 40) + 0.3
WAITS = np.ceil(RNG.exponential(MEAN_DAYS))
OBSERVED, DAYS = WAITS < 7, np.minimum(WAITS, 7.0)
TIMES = order_times(DAYS, OBSERVED, at_most=100, seed=0)


def concordance(times: np.ndarray) -> float:
    return antolini_concordance(np.exp(-times / MEAN_DAYS[:, None]), times, DAYS, OBSERVED).value


def pairs_at(time: float) -> int:
    return int((OBSERVED & (time == DAYS)).sum() * (time < DAYS).sum())  # none is censored earlier


def test_the_bias_of_a_sample_is_within_the_bound_of_hartley_and_ross() -> None:
    """All samples of two of the six times: an extreme case, where there is a bias to be seen."""
    samples = [np.array(sample) for sample in combinations(TIMES, 2)]
    values = np.array([concordance(sample) for sample in samples])
    pairs = np.array([sum(map(pairs_at, sample)) for sample in samples])
    bias = values.mean() - concordance(TIMES)
    covariance = ((values - values.mean()) * (pairs - pairs.mean())).mean()
    assert bias == pytest.approx(-covariance / pairs.mean())  # exact for equally likely samples
    assert 0.05 < abs(bias) <= values.std() * pairs.std() / pairs.mean()
    whole = sum(pairs_at(time) for time in TIMES)
    assert pairs.mean() == pytest.approx(whole * 2 / TIMES.size)


def test_every_time_is_drawn_equally_often() -> None:
    drawn = [order_times(DAYS, OBSERVED, at_most=2, seed=seed) for seed in range(3_000)]
    times, counts = np.unique(np.concatenate(drawn), return_counts=True)
    assert times.tolist() == TIMES.tolist()
    assert counts == pytest.approx(np.full(6, 1_000), abs=4 * np.sqrt(3_000 / 3 * 2 / 3))
