from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from seqchurn.evaluation import Cohorts, Outcomes, evaluate, evaluate_differences
from seqchurn.evaluation.gates import (
    Gate,
    calibration_gates,
    gates_table,
    leak_gate,
    log_loss_gates,
)
from seqchurn.metrics import calibration_error_by_chance


def predictions(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """A good model and a worse one."""
    rng = np.random.default_rng(0)
    truth = np.where(outcomes.ordered, 0.7, 0.3)
    noise = rng.normal(0, 1, outcomes.ordered.shape)
    return np.clip(truth + 0.1 * noise, 0, 1), np.clip(truth + 0.4 * noise, 0, 1)


def losses(outcomes: Outcomes, own: np.ndarray, rival: np.ndarray, limit: float = 0) -> list[Gate]:
    return log_loss_gates(outcomes, own, rival, max_increase=limit, resamples=200)


def errors(outcomes: Outcomes, own: np.ndarray, **changes: float) -> list[Gate]:
    limits = {"max_ece": 0.05, "max_ece_cohort": 0.1, "min_cohort": 1, **changes}
    return calibration_gates(outcomes, own, **limits)


def test_a_log_loss_is_higher_by_the_lower_end_of_the_interval(outcomes: Outcomes) -> None:
    good, worse = predictions(outcomes)
    gates = losses(outcomes, worse, good)
    rows = evaluate_differences(
        "shop", outcomes, {"worse": worse, "good": good}, model="worse", resamples=200
    )
    assert [gate.name for gate in gates] == ["log_loss 7d", "log_loss 28d"]
    assert [g.found for g in gates] == [r["low"] for r in rows if r["metric"] == "log_loss"]


def test_the_worse_model_is_held_back_and_the_better_one_and_an_equal_one_are_not(
    outcomes: Outcomes,
) -> None:
    good, worse = predictions(outcomes)
    assert [gate.passed for gate in losses(outcomes, worse, good)] == [False, False]
    assert [gate.passed for gate in losses(outcomes, good, worse)] == [True, True]
    same = losses(outcomes, good, good)
    assert [(gate.found, gate.passed) for gate in same] == [(0.0, True)] * 2


def test_an_increase_that_chance_explains_is_none(outcomes: Outcomes) -> None:
    good, _ = predictions(outcomes)
    rng = np.random.default_rng(1)
    moved = np.clip(good + rng.normal(0, 0.02, good.shape), 0.01, 0.99)
    apart = [evaluate("shop", outcomes, {"a": p})[0]["log_loss"] for p in (good, moved)]
    [gate, _] = losses(outcomes, *((moved, good) if apart[1] > apart[0] else (good, moved)))
    assert gate.found < 0.0
    assert gate.passed


def test_an_increase_up_to_the_limit_is_let_through(outcomes: Outcomes) -> None:
    good, worse = predictions(outcomes)
    [found, _] = [gate.found for gate in losses(outcomes, worse, good)]
    assert losses(outcomes, worse, good, limit=found)[0].passed
    assert not losses(outcomes, worse, good, limit=found * 0.99)[0].passed


def test_calibration_errors_are_those_of_the_evaluation(outcomes: Outcomes) -> None:
    good, _ = predictions(outcomes)
    rows = {(r["cohort"], r["horizon_days"]): r for r in evaluate("shop", outcomes, {"a": good})}
    whole, longer, *worst = errors(outcomes, good)
    assert [g.name for g in (whole, longer, *worst)] == [
        *("ece 7d", "ece 28d"),
        *("ece_cohort 7d", "ece_cohort 28d"),
    ]
    assert (whole.found, longer.found) == (rows["all", 7.0]["ece"], rows["all", 28.0]["ece"])
    assert whole.limit == 0.05 + calibration_error_by_chance(good[:, 0])
    for gate, horizon in zip(worst, (7.0, 28.0), strict=True):
        cohort = gate.text.partition(": ")[0]
        assert cohort != "all"
        assert gate.found == rows[cohort, horizon]["ece"]


def test_of_the_cohorts_the_one_nearest_to_its_limit_stands_for_all(outcomes: Outcomes) -> None:
    came = outcomes.ordered[:, 0]
    half = np.arange(200) < 100
    own = np.where(half, came.mean(), 0.95)[:, None].repeat(2, axis=1)
    groups = {"all": np.full(200, True), "first": half, "second": ~half}
    halved = replace(outcomes, cohorts=Cohorts(groups, dict.fromkeys(groups, "half")))
    gate = errors(halved, own)[2]
    assert gate.text.startswith("second: 100 customers; ")
    assert gate.found == pytest.approx(0.95 - came[100:].mean())
    assert not gate.passed
    assert errors(halved, own, max_ece_cohort=0.95)[2].passed


def test_cohorts_of_few_customers_are_not_judged(outcomes: Outcomes) -> None:
    good, _ = predictions(outcomes)
    sizes = [int(members.sum()) for members in outcomes.cohorts.values()]
    largest = sorted(sizes)[-2]  # after all customers
    assert len(errors(outcomes, good, min_cohort=largest)) == 4
    assert len(errors(outcomes, good, min_cohort=largest + 1)) == 2


def test_a_prediction_that_changes_is_a_leak() -> None:
    predicted = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    again = predicted.copy()
    assert leak_gate("version 2", predicted, again).passed
    again[1] = np.nextafter(again[1], 1)  # to the bit
    again[2, 0] = math.nan
    gate = leak_gate("version 2", predicted, again)
    assert (gate.name, gate.found, gate.passed) == ("leaks version 2", 2, False)
    assert gate.text == "predictions of 3 that change without what came later"


def test_what_is_not_a_number_opens_no_gate() -> None:
    assert not Gate("ece 7d", math.nan, 0.05, "").passed


def test_the_table_has_a_line_for_each_gate() -> None:
    gates = [Gate("ece 7d", 0.0712, 0.05, "why"), Gate("leaks version 2", 0, 0, "")]
    assert gates_table(gates).splitlines() == [
        "gate             found  limit",
        "---------------  -----  -----  ------  ---",
        "ece 7d           .0712  .0500  FAILED  why",
        "leaks version 2  0      0      passed",
    ]
