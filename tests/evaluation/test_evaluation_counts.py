from __future__ import annotations

import math

import numpy as np
import pytest

from seqchurn.evaluation import Outcomes, evaluate_counts

KEYS = ["dataset", "cutoff", "cohort", "horizon_days", "model", "n", "mae", "rmse", "bias"]


def test_the_true_counts_have_no_error_and_double_counts_a_bias_of_one(outcomes: Outcomes) -> None:
    true = outcomes.order_counts.astype(float)
    rows = evaluate_counts("shop", outcomes, {"truth": true, "twice": 2 * true})
    assert [list(row) for row in rows] == [KEYS] * len(rows)
    by_model = {row["model"]: row for row in rows if row["cohort"] == "all"}
    assert [by_model["truth"][score] for score in ("mae", "rmse", "bias")] == [0, 0, 0]
    assert by_model["twice"]["bias"] == pytest.approx(1.0)
    assert by_model["twice"]["mae"] == pytest.approx(true[:, 1].mean())
    assert by_model["twice"]["rmse"] == pytest.approx(math.sqrt((true[:, 1] ** 2).mean()))


def test_cohorts_add_up_and_a_horizon_without_an_answer_has_no_row(outcomes: Outcomes) -> None:
    expected = np.random.default_rng(0).gamma(1.0, 1.0, (200, 2))
    expected[:, 0] = math.nan
    rows = evaluate_counts("shop", outcomes, {"model": expected})
    assert {row["horizon_days"] for row in rows} == {28.0}
    found = {row["cohort"]: row for row in rows}
    parts = [found[c] for c in ("no order yet", "one order", "repeat")]
    total = sum(part["n"] * part["mae"] for part in parts)
    assert found["all"]["mae"] * 200 == pytest.approx(total)


def test_no_order_at_all_leaves_no_bias(outcomes: Outcomes) -> None:
    nobody = Outcomes(**{**vars(outcomes), "order_counts": np.zeros_like(outcomes.order_counts)})
    rows = evaluate_counts("shop", nobody, {"model": np.ones((200, 2))})
    assert {row["bias"] for row in rows} == {None}
    assert {row["rmse"] for row in rows} == {1.0}


def test_counts_of_another_shape_are_refused(outcomes: Outcomes) -> None:
    with pytest.raises(ValueError, match=r"model predicts shape \(200, 3\); expected \(200, 2\)"):
        evaluate_counts("shop", outcomes, {"model": np.ones((200, 3))})
