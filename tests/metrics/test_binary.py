from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from seqchurn.metrics import accuracy, auc, base_rate, brier, log_loss

CASES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.999, 1.0]), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(CASES)
def test_scores_agree_with_scikit_learn_also_on_ties(cases: list[tuple[float, bool]]) -> None:
    probability, outcome = (np.array(column) for column in zip(*cases, strict=True))
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    expected_loss = sklearn_log_loss(outcome, inside, labels=[False, True])
    assert log_loss(probability, outcome) == pytest.approx(expected_loss)
    assert brier(probability, outcome) == pytest.approx(
        brier_score_loss(outcome, probability, pos_label=True)
    )
    if 0 < outcome.sum() < outcome.size:
        assert auc(probability, outcome) == pytest.approx(roc_auc_score(outcome, probability))


@pytest.mark.parametrize("outcome", [True, False])
def test_auc_of_a_single_class_is_not_a_number_and_the_others_are(outcome: bool) -> None:
    outcomes = np.full(5, outcome)
    probability = np.linspace(0, 1, 5)
    assert math.isnan(auc(probability, outcomes))
    assert all(math.isfinite(f(probability, outcomes)) for f in (log_loss, brier, accuracy))
    assert base_rate(probability, outcomes) == float(outcome)


def test_a_certain_prediction_that_failed_costs_a_finite_loss() -> None:
    assert log_loss([0.0], [1]) == pytest.approx(-math.log(1e-6))
    assert log_loss([1.0], [0]) == pytest.approx(-math.log(1e-6))


def test_one_half_predicts_an_order() -> None:
    assert accuracy([0.5, 0.49, 0.9, 0.1], [1, 1, 0, 0]) == 0.5


@given(CASES, st.randoms())
def test_the_order_of_customers_changes_no_score(
    cases: list[tuple[float, bool]], random: Random
) -> None:
    shuffled = random.sample(cases, len(cases))
    for score in (auc, log_loss, brier, accuracy):
        one, other = (score(*zip(*rows, strict=True)) for rows in (cases, shuffled))
        assert one == pytest.approx(other, nan_ok=True)


@pytest.mark.parametrize(
    ("probability", "outcome", "message"),
    [
        ([], [], r"shape \(0,\); expected \(B,\) with at least one"),
        ([[0.1]], [[1]], r"probability has shape \(1, 1\)"),
        ([0.1, 0.2], [1], r"outcome has shape \(1,\); expected \(2,\)"),
        ([0.1, float("nan")], [1, 0], "1 of 2 values outside"),
        ([0.1, 1.2], [1, 0], "the first is 1.2"),
        ([0.1, 0.2], [1, 2], "nothing but 0 and 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    probability: list[float], outcome: list[int], message: str
) -> None:
    for score in (auc, log_loss, brier, accuracy, base_rate):
        with pytest.raises(ValueError, match=message):
            score(probability, outcome)
