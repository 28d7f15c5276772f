from __future__ import annotations

from typing import Any

import pytest

from seqchurn.evaluation import evaluation_table
from seqchurn.evaluation.table import horizon_text, marked


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
        "brier": 0.2,
        "ece": log_loss / 10,
        "accuracy": 0.75,
    }


def test_models_stand_below_each_other_and_the_best_are_marked() -> None:
    rows = [
        row(7, "network", 0.83, 0.5038),
        row(7, "bgnbd", 0.8118, 0.5394),
        row(90, "network", 0.8938, 0.2),
        row(90, "bgnbd", 0.8824, 0.1916),
    ]
    assert evaluation_table(rows).splitlines() == [
        "shop, cutoff 2017-10-01, 2,446 customers (cohort all)",
        "higher is better: AUC, accuracy; lower: log-loss, Brier, ECE; * best",
        "",
        "within  ordered        model    AUC     log-loss  Brier   ECE     accuracy",
        "------  -------------  -------  ------  --------  ------  ------  --------",
        "7d      1,347 (55.1%)  network  .8300*  .5038*    .2000*  .0504*  .7500*",
        "                       bgnbd    .8118   .5394     .2000*  .0539   .7500*",
        "90d     1,347 (55.1%)  network  .8938*  .2000     .2000*  .0200   .7500*",
        "                       bgnbd    .8824   .1916*    .2000*  .0192*  .7500*",
    ]


def test_an_auc_that_does_not_exist_is_a_dash_and_is_never_best() -> None:
    table = evaluation_table([row(7, "a", None, 0.0), row(7, "b", None, 1.25)])
    assert [line.split()[-5] for line in table.splitlines()[-2:]] == ["-", "-"]


@pytest.mark.parametrize(("days", "text"), [(28.0, "28d"), (0.5, "12h"), (1.5, "36h")])
def test_a_horizon_reads_as_people_write_it(days: float, text: str) -> None:
    assert horizon_text(days) == text


def test_a_cohort_without_customers_says_so() -> None:
    assert (
        evaluation_table([row(7, "a", 0.5, 0.5)], cohort="repeat")
        == "no customers in cohort repeat"
    )


def test_scores_beyond_one_keep_all_their_digits() -> None:
    assert marked([-10.05, -0.5, None], "log_likelihood") == ["-10.0500 ", "-.5000*", "    - "]
