from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from seqchurn.evaluation import Outcomes, against_best, evaluate, evaluate_differences, verdict

KEYS = "dataset cutoff horizon_days model baseline metric difference low high"


def predictions(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """A good model, a worse one and noise."""
    rng = np.random.default_rng(0)
    shape = outcomes.ordered.shape
    truth = np.where(outcomes.ordered, 0.7, 0.3)
    return {
        "network": np.clip(truth + rng.normal(0, 0.1, shape), 0, 1),
        "worse": np.clip(truth + rng.normal(0, 0.4, shape), 0, 1),
        "noise": rng.random(shape),
    }


def compared(outcomes: Outcomes, predicted: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return evaluate_differences("shop", outcomes, predicted, model="network", resamples=200)


def test_differences_are_those_of_the_scores(outcomes: Outcomes) -> None:
    predicted = predictions(outcomes)
    rows = compared(outcomes, predicted)
    assert [" ".join(row) for row in rows] == [KEYS] * (2 * 2 * 2)
    scores = {
        (row["horizon_days"], row["model"]): row
        for row in evaluate("shop", outcomes, predicted)
        if row["cohort"] == "all"
    }
    for row in rows:
        own, other = (scores[row["horizon_days"], row[who]] for who in ("model", "baseline"))
        assert row["difference"] == pytest.approx(own[row["metric"]] - other[row["metric"]])
        assert row["low"] < row["difference"] < row["high"]


def test_a_clear_lead_is_a_win_and_the_other_way_round_a_loss(outcomes: Outcomes) -> None:
    predicted = predictions(outcomes)
    assert {verdict(row) for row in compared(outcomes, predicted)} == {"win"}
    predicted["network"], predicted["noise"] = predicted["noise"], predicted["network"]
    reversed_rows = compared(outcomes, predicted)
    assert {verdict(row) for row in reversed_rows if row["baseline"] == "noise"} == {"loss"}
    predicted["noise"] = predicted["network"]
    same = [row for row in compared(outcomes, predicted) if row["baseline"] == "noise"]
    assert {(row["difference"], verdict(row)) for row in same} == {(0.0, "tie")}


def test_the_best_baseline_is_chosen_for_each_horizon_and_metric(outcomes: Outcomes) -> None:
    predicted = predictions(outcomes)
    predicted["worse"][:, 1] = 0.5  # noise ranks better than no ranking, but has the larger loss
    predicted["noise"][:, 1] = np.where(outcomes.ordered[:, 1], 0.02, 0.01)
    best = against_best(compared(outcomes, predicted))
    assert {(row["horizon_days"], row["metric"]): row["baseline"] for row in best} == {
        (7.0, "log_loss"): "noise",  # the other is often certain, and wrong
        (7.0, "auc"): "worse",
        (28.0, "log_loss"): "worse",
        (28.0, "auc"): "noise",
    }


def test_without_an_answer_there_is_nothing_to_compare(outcomes: Outcomes) -> None:
    predicted = predictions(outcomes)
    predicted["worse"][:, 1] = math.nan
    rows = compared(outcomes, predicted)
    assert {row["baseline"] for row in rows if row["horizon_days"] == 28} == {"noise"}
    predicted["network"][:, 1] = math.nan
    assert {row["horizon_days"] for row in compared(outcomes, predicted)} == {7.0}


def test_an_area_that_does_not_exist_is_not_compared(outcomes: Outcomes) -> None:
    nobody = Outcomes(**{**vars(outcomes), "ordered": np.zeros_like(outcomes.ordered)})
    assert {row["metric"] for row in compared(nobody, predictions(outcomes))} == {"log_loss"}


def test_several_seeds_of_a_model_count_as_their_mean(outcomes: Outcomes) -> None:
    predicted = predictions(outcomes)
    one, other = (
        compared(outcomes, {**predicted, "network": predicted[name]})
        for name in predicted
        if name != "noise"
    )
    stacked = np.stack([predicted["network"], predicted["worse"]])
    both = compared(outcomes, {**predicted, "network": stacked})
    for mean, first, second in zip(both, one, other, strict=True):
        expected = (first["difference"] + second["difference"]) / 2
        assert mean["difference"] == pytest.approx(expected)
