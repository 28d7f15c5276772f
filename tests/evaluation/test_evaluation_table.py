from __future__ import annotations

from typing import Any

from seqchurn.evaluation import evaluation_table


def row(horizon: float, model: str, auc: float | None, log_loss: float) -> dict[str, Any]:
    return {
        "dataset": "shop",
        "cutoff": "2017-10-01T00:00:00+00:00",
        "cohort": "all",
        "horizon_days": horizon,
        "model": model,
        "n": 2446,
        "positives": 1347,
        "base_rate": 1347 / 2446,
        "auc": auc,
        "log_loss": log_loss,
    }


def test_models_stand_side_by_side_and_the_best_are_marked() -> None:
    rows = [
        row(7, "network", 0.83, 0.5038),
        row(7, "bgnbd", 0.8118, 0.5394),
        row(90, "network", 0.8938, 0.2),
        row(90, "bgnbd", 0.8824, 0.1916),
    ]
    assert evaluation_table(rows).splitlines() == [
        "shop, cutoff 2017-10-01, cohort all",
        "per model AUC (higher is better) and log-loss (lower is better); * best",
        "",
        "horizon      n      positives          network            bgnbd",
        "7d       2,446  1,347 (55.1%)   .8300*  .5038*   .8118   .5394",
        "90d      2,446  1,347 (55.1%)   .8938*  .2000    .8824   .1916*",
    ]


def test_an_auc_that_does_not_exist_is_a_dash_and_is_never_best() -> None:
    table = evaluation_table([row(7, "a", None, 0.0), row(7, "b", None, 1.25)])
    assert table.splitlines()[-1].split()[-4:] == ["-", ".0000*", "-", "1.2500"]


def test_many_models_go_below_and_every_line_fits_a_hundred_columns() -> None:
    models = [f"model_number_{i}_of_many" for i in range(9)]
    table = evaluation_table([row(h, m, 0.7, 0.4) for h in (7, 365.25) for m in models])
    assert all(len(line) <= 100 for line in table.splitlines())
    assert all(model in table for model in models)
    assert table.count("horizon ") == 5


def test_a_cohort_without_customers_says_so() -> None:
    assert (
        evaluation_table([row(7, "a", 0.5, 0.5)], cohort="repeat")
        == "no customers in cohort repeat"
    )
