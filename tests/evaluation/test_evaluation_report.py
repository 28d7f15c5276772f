from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import fit_baselines
from seqchurn.errors import EnvironmentFailure
from seqchurn.evaluation import Outcomes, evaluate, evaluate_waits, outcomes_at, reliability
from seqchurn.evaluation import write_rows as write
from seqchurn.waits.clock import Clock

CUTOFF = datetime(2020, 1, 1, tzinfo=UTC)
COLUMNS = [
    "dataset",
    "cutoff",
    "cohort",
    "horizon_days",
    "model",
    "n",
    "positives",
    "base_rate",
    "auc",
    "log_loss",
    "brier",
    "ece",
    "accuracy",
]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    rng = np.random.default_rng(0)
    day = Clock(1.0).at(CUTOFF)
    orders = [sorted({*rng.integers(-60, 40, rng.integers(0, 9)).tolist()}) for _ in range(200)]
    log = pl.DataFrame(
        {
            "customer_id": [str(i) for i in range(200)],
            "first_day": [day - 60.0] * 200,
            "order_days": [[day + float(o) for o in days] for days in orders],
        }
    )
    return outcomes_at(
        log, cutoff=CUTOFF, horizons_days=[7.0, 28.0], end_day=day + 40, clock=Clock(1.0)
    )


def predictions(outcomes: Outcomes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.random(outcomes.ordered.shape) for name in ("one", "other")}


def test_rows_name_cohort_horizon_and_model_and_start_with_all(outcomes: Outcomes) -> None:
    rows = evaluate("shop", outcomes, predictions(outcomes))
    assert list(rows[0]) == COLUMNS
    keys = [(row["cohort"], row["horizon_days"], row["model"]) for row in rows]
    assert keys[:4] == [("all", h, m) for h in (7.0, 28.0) for m in ("one", "other")]
    assert list(dict.fromkeys(key[0] for key in keys)) == outcomes.cohorts()
    assert rows[0]["cutoff"] == "2020-01-01T00:00:00+00:00"


def test_cohorts_add_up_to_the_whole(outcomes: Outcomes) -> None:
    rows = pl.DataFrame(evaluate("shop", outcomes, predictions(outcomes)))
    first = rows.filter((pl.col("model") == "one") & (pl.col("horizon_days") == 28))
    whole, parts = (first.filter(pl.col("cohort").eq("all") ^ part) for part in (False, True))
    for column in ("n", "positives"):
        assert whole[column].sum() == parts[column].sum()
    for column in ("log_loss", "brier", "accuracy"):
        mean = (parts[column] * parts["n"]).sum() / parts["n"].sum()
        assert whole[column].item() == pytest.approx(mean)


def test_an_auc_that_does_not_exist_is_null(outcomes: Outcomes, tmp_path: Path) -> None:
    nobody = Outcomes(**{**vars(outcomes), "ordered": np.zeros_like(outcomes.ordered)})
    rows = evaluate("shop", nobody, predictions(outcomes))
    write(tmp_path / "evaluation.json", rows)
    assert {row["auc"] for row in json.loads((tmp_path / "evaluation.json").read_text())} == {None}


def test_waits_are_scored_by_the_probability_of_their_step(outcomes: Outcomes) -> None:
    daily = 0.03
    probability = 1 - (1 - daily) ** outcomes.wait_days
    rows = evaluate_waits("shop", outcomes, {"geometric": probability})
    days, came = outcomes.wait_days[:, 0], outcomes.observed
    by_hand = days * math.log(1 - daily) + came * math.log(daily)
    assert rows[0]["cohort"] == "all"
    assert rows[0]["n"] == 200
    assert rows[0]["log_likelihood"] == pytest.approx(by_hand.mean())
    assert rows[0]["floored"] == 0


def test_baselines_fit_into_the_report(outcomes: Outcomes) -> None:
    day = outcomes.cutoff_day
    baselines = fit_baselines(
        outcomes.known, cutoff_day=day, step_days=1.0, horizons_days=outcomes.horizons_days
    )
    predicted = {
        name: b.probability(outcomes.known, cutoff_day=day, horizon_days=outcomes.horizons_days)
        for name, b in baselines.items()
    }
    waits = {
        name: b.probability(outcomes.known, cutoff_day=day, horizon_days=outcomes.wait_days)
        for name, b in baselines.items()
        if b.has_distribution
    }
    assert len(evaluate("shop", outcomes, predicted)) == len(outcomes.cohorts()) * 2 * 3
    assert {row["model"] for row in evaluate_waits("shop", outcomes, waits)} == {
        "kaplan_meier",
        "bgnbd",
    }


def test_reliability_curves_carry_horizon_and_model(outcomes: Outcomes) -> None:
    curve = reliability(outcomes, predictions(outcomes), bins=5)
    assert curve.columns[:2] == ["horizon_days", "model"]
    assert curve.height == 2 * 2 * 5
    assert (curve.group_by("horizon_days", "model").agg(pl.col("n").sum())["n"] == 200).all()


def test_predictions_of_another_shape_are_refused(outcomes: Outcomes) -> None:
    with pytest.raises(ValueError, match=r"net predicts shape \(200, 1\); expected \(200, 2\)"):
        evaluate("shop", outcomes, {"net": np.zeros((200, 1))})


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "rows.json"
    write(target, [{"a": 1}, {"a": None}])
    assert json.loads(target.read_text()) == [{"a": 1}, {"a": None}]
    with pytest.raises(ValueError, match="JSON compliant"):
        write(target, [{"a": math.nan}])
    write(target, [])
    assert json.loads(target.read_text()) == []
    assert [file.name for file in target.parent.iterdir()] == ["rows.json"]
    with pytest.raises(EnvironmentFailure, match="could not write"):
        write(target / "inside.json", [])
