from __future__ import annotations

import math

import numpy as np
import pytest

from seqchurn.metrics import censored_log_likelihood


def test_an_order_counts_its_step_and_an_open_wait_counts_survival() -> None:
    result = censored_log_likelihood([0.2, 0.7], [0.5, 0.7], [True, False])
    assert result.mean == pytest.approx((math.log(0.3) + math.log(0.3)) / 2)
    assert result.floored == 0


def test_impossible_outcomes_are_floored_and_counted() -> None:
    result = censored_log_likelihood([0.4, 1.0, 0.1], [0.4, 1.0, 0.6], [True, False, True])
    assert result.floored == 2
    assert result.mean == pytest.approx((2 * math.log(1e-12) + math.log(0.5)) / 3)


def test_the_true_distribution_is_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    days = np.floor(rng.exponential(20.0, 20_000))
    observed = days < 60
    start = np.minimum(days, 60)

    def score(mean_days: float) -> float:
        before, through = (-np.expm1(-x / mean_days) for x in (start, start + observed))
        return censored_log_likelihood(before, through, observed).mean

    assert score(20.0) > max(score(15.0), score(27.0))


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"observed has shape \(1,\); expected \(2,\)"):
        censored_log_likelihood([0.1, 0.2], [0.3, 0.4], [True])
    with pytest.raises(ValueError, match=r"through has shape \(1,\); expected \(2,\)"):
        censored_log_likelihood([0.1, 0.2], [0.3], [True, False])
