from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.cells import cells_of, goals, mean_over_seeds

LABELS = {"dataset": "shop", "cutoff": "2024-01-01T00:00:00+00:00", "horizon_days": 7.0}


def score(model: str, seed: int | None, log_loss: float, auc: float) -> dict[str, Any]:
    sizes = {"cohort": "all", "n": 1200, "positives": 300}
    return {**LABELS, **sizes, "model": model, "seed": seed, **scores(log_loss, auc)}


def scores(log_loss: float, auc: float) -> dict[str, float]:
    return {"log_loss": log_loss, "auc": auc, "ece": log_loss / 10}


def difference(baseline: str, metric: str, value: float, low: float, high: float) -> dict[str, Any]:
    found = {"difference": value, "low": low, "high": high}
    return {**LABELS, "model": "network", "baseline": baseline, "metric": metric, **found}


SCORES = [
    score("trees", None, 0.40, 0.80),
    score("rule", None, 0.60, 0.84),
    score("network", 0, 0.38, 0.81),
    score("network", 1, 0.34, 0.85),
]
DIFFERENCES = [
    difference("trees", "log_loss", -0.04, -0.06, -0.02),
    difference("rule", "log_loss", -0.24, -0.30, -0.20),
    difference("trees", "auc", 0.03, 0.01, 0.05),
    difference("rule", "auc", -0.01, -0.03, 0.01),
]
CELL = cells_of(SCORES, DIFFERENCES)[0]


def test_a_cell_holds_the_mean_over_seeds_against_the_best_baseline_of_each_metric() -> None:
    [cell] = cells_of(SCORES, DIFFERENCES)
    assert (cell["dataset"], cell["horizon_days"], cell["positives"]) == ("shop", 7.0, 300)
    assert cell["ece"] == pytest.approx(0.036)
    assert cell["log_loss"] == pytest.approx(0.36)
    assert (cell["log_loss_min"], cell["log_loss_max"]) == (0.34, 0.38)
    assert (cell["log_loss_baseline"], cell["log_loss_best"]) == ("trees", 0.40)
    assert cell["log_loss_ratio"] == pytest.approx(0.9)
    assert (cell["auc_baseline"], cell["auc_best"]) == ("rule", 0.84)
    assert (cell["auc_low"], cell["auc_high"]) == (-0.03, 0.01)
    assert (cell["log_loss_verdict"], cell["auc_verdict"]) == ("win", "tie")


def test_a_worse_log_loss_beyond_the_interval_is_a_loss() -> None:
    worse = [difference("trees", "log_loss", 0.02, 0.01, 0.03), *DIFFERENCES[2:]]
    [cell] = cells_of(SCORES, worse)
    assert cell["log_loss_verdict"] == "loss"


def test_a_baseline_without_an_answer_is_not_the_best_one() -> None:
    [cell] = cells_of(SCORES[1:], [d for d in DIFFERENCES if d["baseline"] == "rule"])
    assert (cell["log_loss_baseline"], cell["log_loss_best"]) == ("rule", 0.60)


def test_where_all_customers_ordered_there_is_no_auc_to_compare() -> None:
    ranked = [row for row in DIFFERENCES if row["metric"] == "log_loss"]
    [cell] = cells_of([{**row, "auc": None} for row in SCORES], ranked)
    assert {value for key, value in cell.items() if key.startswith("auc")} == {None}
    assert list(cell) == list(CELL)
    assert cell["log_loss_verdict"] == "win"
    better, as_good = goals([CELL, cell], [], logs=["shop"])[1:3]
    assert (better["goal"], better["found"]) == ("of 2 cells, log-loss better", 2)
    assert (as_good["goal"], as_good["found"]) == ("of 1 cells, AUC at least as good", 0)


def many(by: float, ranks: float, number: int) -> list[dict[str, Any]]:
    return [{**CELL, "log_loss_difference": by, "auc_difference": ranks}] * number


def test_log_loss_must_be_strictly_better_and_auc_at_least_as_good() -> None:
    _, better, ranked, _ = goals(many(-0.01, 0.0, 14) + many(0.0, 0.0, 5), [], logs=["shop"])[:4]
    assert (better["found"], better["reached"]) == (14, False)
    assert (ranked["found"], ranked["reached"]) == (19, True)
    assert goals(many(-0.01, -0.001, 15), [], logs=["shop"])[1]["reached"]
    assert goals(many(-0.01, -0.001, 15), [], logs=["shop"])[2]["found"] == 0


def test_one_loss_beyond_the_interval_fails_and_the_ratio_is_a_mean_over_cells() -> None:
    lost = {**CELL, "log_loss_verdict": "loss", "log_loss_ratio": 1.06}
    losses, _, _, ratio = goals([CELL, lost], [], logs=["shop"])[:4]
    assert (losses["found"], losses["reached"]) == (1, False)
    assert ratio["found"] == pytest.approx(0.98)
    assert ratio["reached"] is False


def test_goals_over_the_cells_of_all_logs_are_not_judged_where_a_log_is_missing() -> None:
    cells = many(-0.01, 0.0, 16)
    whole, part = (goals(cells, [], logs=logs)[:4] for logs in (["shop"], ["shop", "taobao"]))
    assert [row["reached"] for row in whole] == [True] * 4
    assert [row["reached"] for row in part] == [None] * 4
    assert [row["found"] for row in part] == [row["found"] for row in whole]
    assert part[1]["goal"] == "of 16 cells run, log-loss better"


def test_scores_that_a_cell_must_have_are_looked_up_by_log_and_horizon() -> None:
    cdnow = {**CELL, "dataset": "cdnow", "horizon_days": 272.0, "log_loss": 0.490, "ece": 0.031}
    found = {row["goal"]: row for row in goals([cdnow], [], logs=["shop"])}
    assert found["cdnow 272d log-loss"]["reached"] is True
    assert found["cdnow 272d ECE"]["reached"] is False
    assert found["grocery 360d AUC"]["reached"] is None


def counts(dataset: str, days: float, **models: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """Rows of RMSE and bias: one pair for a baseline, one a seed for the network."""
    return [
        {"dataset": dataset, "horizon_days": days, "model": model, "rmse": rmse, "bias": bias}
        | {"seed": seed if model == "network" else None}
        for model, pairs in models.items()
        for seed, (rmse, bias) in enumerate(pairs)
    ]


def test_counts_must_beat_both_rivals_in_both_measures() -> None:
    rows = counts(
        "cdnow",
        273.0,
        bgnbd=[(1.60, 0.30)],
        pareto_nbd=[(1.70, -0.10)],
        network=[(1.40, -0.05), (1.70, -0.13)],
    )
    rmse, smaller, small = goals([], rows, logs=["shop"])[-6:-3]
    assert rmse["found"] == pytest.approx(1.55)
    assert (rmse["bound"], rmse["reached"]) == (1.60, True)
    assert smaller["found"] == pytest.approx(0.09)
    assert (smaller["bound"], smaller["reached"]) == (0.10, True)
    assert (small["bound"], small["reached"]) == (0.08, False)


def test_only_the_windows_of_the_goals_are_judged_and_a_skipped_log_is_neither() -> None:
    rows = counts("cdnow", 272.0, bgnbd=[(1.0, 0.0)], network=[(2.0, 0.0)])
    assert {row["reached"] for row in goals([], rows, logs=["shop"])[-6:]} == {None}


def test_the_mean_over_seeds_leaves_baselines_as_they_are() -> None:
    rows = counts("shop", 7.0, bgnbd=[(3.0, 0.1)], network=[(1.0, 0.2), (2.0, -0.2)])
    rule, network = mean_over_seeds(rows, ("rmse", "bias"))
    assert (rule["rmse"], rule["is_network"]) == (3.0, False)
    assert (network["rmse"], network["is_network"]) == (1.5, True)
    assert network["bias"] == pytest.approx(0.0)
