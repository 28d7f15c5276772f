from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import fit_baselines
from seqchurn.errors import EnvironmentFailure
from seqchurn.evaluation import Cohorts, Outcomes, evaluate, reliability
from seqchurn.evaluation import write_rows as write

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


def predictions(outcomes: Outcomes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.random(outcomes.ordered.shape) for name in ("one", "other")}


def test_rows_name_cohort_horizon_and_model_and_start_with_all(outcomes: Outcomes) -> None:
    rows = evaluate("shop", outcomes, predictions(outcomes))
    assert list(rows[0]) == COLUMNS
    keys = [(row["cohort"], row["horizon_days"], row["model"]) for row in rows]
    assert keys[:4] == [("all", h, m) for h in (7.0, 28.0) for m in ("one", "other")]
    assert list(dict.fromkeys(key[0] for key in keys)) == list(outcomes.cohorts)
    assert rows[0]["cutoff"] == "2020-01-01T00:00:00+00:00"


@pytest.mark.parametrize("kind", ["order", "tenure"])
def test_cohorts_of_one_kind_add_up_to_the_whole(outcomes: Outcomes, kind: str) -> None:
    by_orders = ["no order yet", "one order", "repeat"]
    by_tenure = [name for name in outcomes.cohorts if name.startswith("tenure")]
    parts = by_orders if kind == "order" else by_tenure
    rows = pl.DataFrame(evaluate("shop", outcomes, predictions(outcomes)))
    first = rows.filter((pl.col("model") == "one") & (pl.col("horizon_days") == 28))
    whole = first.filter(pl.col("cohort") == "all")
    some = first.filter(pl.col("cohort").is_in(parts))
    assert some.height == 3
    for column in ("n", "positives"):
        assert whole[column].sum() == some[column].sum()
    for column in ("log_loss", "brier", "accuracy"):
        mean = (some[column] * some["n"]).sum() / some["n"].sum()
        assert whole[column].item() == pytest.approx(mean)


def test_a_column_of_nothing_but_nan_is_no_answer_and_any_other_nan_an_error(
    outcomes: Outcomes,
) -> None:
    predicted = predictions(outcomes)
    predicted["other"][:, 1] = math.nan
    rows = evaluate("shop", outcomes, predicted)
    assert {row["horizon_days"] for row in rows if row["model"] == "other"} == {7.0}
    assert {row["horizon_days"] for row in rows if row["model"] == "one"} == {7.0, 28.0}
    assert reliability(outcomes, predicted).filter(model="other")["horizon_days"].max() == 7.0
    predicted["one"][3, 0] = math.nan
    with pytest.raises(ValueError, match="1 of 200 values outside"):
        evaluate("shop", outcomes, predicted)


def test_an_auc_that_does_not_exist_is_null(outcomes: Outcomes, tmp_path: Path) -> None:
    nobody = Outcomes(**{**vars(outcomes), "ordered": np.zeros_like(outcomes.ordered)})
    rows = evaluate("shop", nobody, predictions(outcomes))
    write(tmp_path / "evaluation.json", rows)
    assert {row["auc"] for row in json.loads((tmp_path / "evaluation.json").read_text())} == {None}


def test_every_baseline_fits_into_the_report(outcomes: Outcomes) -> None:
    day = outcomes.cutoff_day
    baselines = fit_baselines(
        outcomes.known, cutoff_day=day, step_days=1.0, horizons_days=outcomes.horizons_days
    )
    predicted = {
        name: b.probability(outcomes.known, cutoff_day=day, horizon_days=outcomes.horizons_days)
        for name, b in baselines.items()
    }
    rows = evaluate("shop", outcomes, predicted)
    assert [r["model"] for r in rows if r["cohort"] == "all" and r["horizon_days"] == 7] == [
        *baselines
    ]


def test_reliability_curves_hold_the_customers_and_orders_of_each_cohort(
    outcomes: Outcomes,
) -> None:
    curve = reliability(outcomes, predictions(outcomes), bins=5)
    labels = ["kind", "cohort", "horizon_days", "model"]
    assert curve.columns[:4] == labels
    assert curve.filter(cohort="all").height == 2 * 2 * 5
    assert curve.filter(pl.col("cohort") != "all")["model"].unique().to_list() == ["one"]
    found = curve.group_by(labels, maintain_order=True).agg(
        pl.col("n").sum(), orders=(pl.col("n") * pl.col("observed")).sum()
    )
    expected = [
        (outcomes.cohorts.kinds[name], name, horizon, model, members.sum(), came[members].sum())
        for name, members in outcomes.cohorts.items()
        for horizon, came in zip((7.0, 28.0), outcomes.ordered.T, strict=True)
        for model in (("one", "other") if name == "all" else ("one",))
    ]
    assert [row[:5] for row in found.rows()] == [row[:5] for row in expected]
    assert found["orders"].to_list() == pytest.approx([row[5] for row in expected])


def test_small_cohorts_have_bins_of_twenty_customers_or_one_bin(outcomes: Outcomes) -> None:
    came = outcomes.ordered[:, 1]
    first = np.cumsum(came) <= 70  # of the first 70 who ordered, those who did
    sizes = {"one": np.arange(200) == 3, "ordered": came & first, "41": np.arange(200) < 41}
    cohorts = Cohorts({"all": np.full(200, True), **sizes}, dict.fromkeys(("all", *sizes), "size"))
    curve = reliability(replace(outcomes, cohorts=cohorts), predictions(outcomes))
    own = curve.filter(model="one", horizon_days=28.0)
    bins = {name: part["n"].to_list() for (name,), part in own.group_by("cohort")}
    assert bins == {"all": [20] * 10, "one": [1], "ordered": [24, 23, 23], "41": [21, 20]}
    assert own.filter(cohort="one")["observed"].to_list() == [came[3]]
    ordered = own.filter(cohort="ordered")
    assert (ordered["observed"] == 1.0).all()
    assert (ordered["lower"] < 0.9).all()


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
