from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from seqchurn.metrics import (
    ResampledScore,
    auc,
    draw_resamples,
    log_loss,
    resampled_auc,
    resampled_log_loss,
)
from seqchurn.metrics.bootstrap import resampled_means


def drawn_customers(seed: int, customers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A good and a worse prediction of outcomes that come from a third."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, 1.5, customers)
    ordered = rng.random(customers) < 1 / (1 + np.exp(-logit))
    good, worse = (1 / (1 + np.exp(-logit - rng.normal(0, s, customers))) for s in (0.3, 1.0))
    return good, worse, ordered


@pytest.mark.parametrize("digits", [1, 17])
def test_a_resample_scores_as_its_customers_written_out_do(digits: int) -> None:
    probability, _, ordered = drawn_customers(0, 200)
    probability = np.round(probability, digits)  # with one digit there are ties
    drawn = draw_resamples(200, number=70, seed=1)
    assert (drawn.sum(axis=0) == 200).all()
    area, loss = (f(probability, ordered, drawn) for f in (resampled_auc, resampled_log_loss))
    assert (area.value, loss.value) == (auc(probability, ordered), log_loss(probability, ordered))
    for r in range(70):
        rows = np.repeat(np.arange(200), drawn[:, r])
        assert area.drawn[r] == pytest.approx(auc(probability[rows], ordered[rows]))
        assert loss.drawn[r] == pytest.approx(log_loss(probability[rows], ordered[rows]))


def test_means_spread_as_the_central_limit_theorem_says() -> None:
    values = np.random.default_rng(0).gamma(1.0, 1.0, (500, 2))
    means = resampled_means(values, draw_resamples(500, number=4_000, seed=0))
    assert means.shape == (4_000, 2)
    assert np.allclose(means.mean(axis=0), values.mean(axis=0), atol=0.005)
    assert np.allclose(means.std(axis=0), values.std(axis=0) / 500**0.5, rtol=0.05)


def test_areas_spread_as_delong_says() -> None:
    probability, _, ordered = drawn_customers(1, 2_000)
    above = probability[ordered][:, None] > probability[~ordered]
    variance = sum(
        np.var(above.mean(axis=axis), ddof=1) / above.shape[1 - axis] for axis in (0, 1)
    )  # DeLong, DeLong & Clarke-Pearson (1988), eq. 5
    area = resampled_auc(probability, ordered, draw_resamples(2_000, number=2_000, seed=0))
    assert area.drawn.std() == pytest.approx(math.sqrt(variance), rel=0.06)


@pytest.mark.parametrize("score", [resampled_log_loss, resampled_auc])
def test_intervals_hold_the_true_difference_nineteen_times_in_twenty(
    score: Callable[..., ResampledScore],
) -> None:
    everybody = drawn_customers(2, 400_000)
    whole = draw_resamples(400_000, number=1, seed=0)
    truth = score(everybody[0], everybody[2], whole) - score(everybody[1], everybody[2], whole)
    drawn = draw_resamples(400, number=300, seed=0)
    held = []
    for part in np.array_split(np.arange(120_000), 300):
        good, worse, ordered = (column[part] for column in everybody)
        found = score(good, ordered, drawn) - score(worse, ordered, drawn)
        held.append(found.low <= truth.value <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)


def test_the_same_resamples_make_a_difference_sharper() -> None:
    good, _, ordered = drawn_customers(3, 1_000)
    nearly = np.clip(good + 0.001, 0, 1)
    same, other = (draw_resamples(1_000, number=200, seed=seed) for seed in (0, 1))
    paired = resampled_log_loss(good, ordered, same) - resampled_log_loss(nearly, ordered, same)
    apart = resampled_log_loss(good, ordered, same) - resampled_log_loss(nearly, ordered, other)
    assert paired.high - paired.low < (apart.high - apart.low) / 20


def test_seeds_are_averaged_by_score_and_not_by_prediction() -> None:
    good, worse, ordered = drawn_customers(4, 300)
    drawn = draw_resamples(300, number=50, seed=0)
    for score in (resampled_log_loss, resampled_auc):
        both = score(np.stack([good, worse]), ordered, drawn)
        one, other = score(good, ordered, drawn), score(worse, ordered, drawn)
        assert both.value == pytest.approx((one.value + other.value) / 2)
        assert np.allclose(both.drawn, (one.drawn + other.drawn) / 2)


def test_resamples_without_an_order_have_no_area_and_are_left_out_of_intervals() -> None:
    ordered = np.array([True, False, False])
    drawn = draw_resamples(3, number=500, seed=0)
    area = resampled_auc([0.9, 0.1, 0.2], ordered, drawn)
    none = (drawn[0] == 0) | (drawn[0] == 3)
    assert np.array_equal(np.isnan(area.drawn), none)
    assert none.any()
    found = area - resampled_auc([0.1, 0.2, 0.9], ordered, drawn)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
    nothing = resampled_auc([0.5] * 3, [False] * 3, drawn)
    assert math.isnan((nothing - nothing).low)
