from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from seqchurn.evaluation import evaluate, outcomes_at
from seqchurn.evaluation.backtest import Entrant, backtest_metrics, compared, judge
from seqchurn.evaluation.backtest_table import backtest_table
from seqchurn.waits import Clock

NETWORK = "seqchurn lstm"


def row(
    model: str, log_loss: float, *, age: float, refit: str, day: int = 1, horizon: float = 7.0
) -> dict[str, Any]:
    return {
        "cutoff": f"2017-10-{day:02}T00:00:00+00:00",
        "cohort": "all",
        "horizon_days": horizon,
        "model": model,
        "n": 2000 + day,
        "positives": 1000,
        "auc": 1 - log_loss,
        "log_loss": log_loss,
        "ece": log_loss / 10,
        "age_days": age,
        "refit": refit,
    }


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Two cutoffs 14 days apart; at the second another baseline is the best."""
    return [
        row(NETWORK, 0.40, age=0.0, refit="never"),
        row(NETWORK, 0.40, age=0.0, refit="every"),
        row("recency", 0.45, age=0.0, refit="every"),
        row("bgnbd", 0.44, age=0.0, refit="every"),
        row(NETWORK, 0.49, age=14.0, refit="never", day=15),
        row(NETWORK, 0.46, age=0.0, refit="every", day=15),
        row("recency", 0.47, age=0.0, refit="every", day=15),
        row("bgnbd", 0.48, age=0.0, refit="every", day=15),
    ]


def test_rows_say_how_old_the_model_is_in_local_days() -> None:
    """From winter to summer time the 28 days are an hour short of 672."""
    clock = Clock(1.0, "Europe/Berlin")
    training_cutoff = datetime(2024, 3, 2, 23, tzinfo=UTC)
    cutoff = datetime(2024, 3, 30, 23, tzinfo=UTC)
    later = datetime(2024, 4, 6, 22, tzinfo=UTC)
    day = clock.at(cutoff)
    histories = pl.DataFrame(
        {"customer_id": ["a", "b"], "first_day": [day - 9] * 2, "order_days": [[day - 9], [day]]}
    )
    outcomes = outcomes_at(
        histories, cutoff=later, horizons_days=[7.0], end_day=day + 30, clock=clock
    )
    answers = {NETWORK: np.array([[0.5], [0.25]])}
    entrants = [Entrant(training_cutoff, "never", answers), Entrant(later, "every", answers)]
    judged = judge("shop", outcomes, entrants, bins=2, clock=clock)
    plain = evaluate("shop", outcomes, answers, bins=2)
    age = {"training_cutoff": "2024-03-03T00:00:00+01:00", "age_days": 35.0, "refit": "never"}
    none = {"training_cutoff": "2024-04-07T00:00:00+02:00", "age_days": 0.0, "refit": "every"}
    assert judged == [{**r, **age} for r in plain] + [{**r, **none} for r in plain]


def test_metrics_are_the_scores_of_all_customers_that_exist(rows: list[dict[str, Any]]) -> None:
    own, refitted, recency, *_ = [{**r, "brier": 0.2} for r in rows]
    cohort = {**recency, "cohort": "repeat", "auc": 0.9}
    assert backtest_metrics([{**own, "auc": None}, refitted, recency, cohort]) == {
        "seqchurn/never/log_loss_7d": 0.40,
        "seqchurn/never/brier_7d": 0.2,
        "seqchurn/never/ece_7d": 0.04,
        "seqchurn/every/auc_7d": 0.60,
        "seqchurn/every/log_loss_7d": 0.40,
        "seqchurn/every/brier_7d": 0.2,
        "seqchurn/every/ece_7d": 0.04,
        "recency/every/auc_7d": 0.55,
        "recency/every/log_loss_7d": 0.45,
        "recency/every/brier_7d": 0.2,
        "recency/every/ece_7d": 0.045,
    }


def test_the_best_baseline_is_chosen_anew_at_each_cutoff_and_horizon(
    rows: list[dict[str, Any]],
) -> None:
    longer = [
        row(NETWORK, 0.3, age=0.0, refit="never", horizon=28.0),
        row("recency", 0.2, age=0.0, refit="every", horizon=28.0),
    ]
    table = compared([*rows, *longer], network=NETWORK)
    best = table.filter(pl.col("role") == "best baseline")
    assert best["model"].to_list() == ["bgnbd", "recency", "recency"]
    assert best["gap"].to_list() == [0.0, 0.0, 0.0]
    assert table.filter(pl.col("role") == "frozen")["gap"].to_list() == pytest.approx(
        [0.40 - 0.44, 0.49 - 0.47, 0.3 - 0.2]
    )


def test_all_models_of_a_cutoff_stand_at_the_age_of_the_frozen_one(
    rows: list[dict[str, Any]],
) -> None:
    table = compared(rows[::-1], network=NETWORK)
    assert table["role"].to_list() == ["frozen", "refitted", "best baseline"] * 2
    assert table["elapsed_days"].to_list() == [0.0] * 3 + [14.0] * 3
    assert table["age_days"].to_list() == [0.0, 0.0, 0.0, 14.0, 0.0, 0.0]


def test_cohorts_are_left_to_the_rows_and_of_two_equal_baselines_one_is_shown(
    rows: list[dict[str, Any]],
) -> None:
    more = [{**r, "cohort": "repeat", "log_loss": 0.0} for r in rows]
    equal = row("kaplan_meier", 0.44, age=0.0, refit="every")
    assert compared([*more, *rows, equal], network=NETWORK).equals(compared(rows, network=NETWORK))


def test_where_no_baseline_has_an_answer_there_is_no_gap(rows: list[dict[str, Any]]) -> None:
    table = compared(rows[:1], network=NETWORK)
    assert table["gap"].to_list() == [None]
    assert backtest_table(table).splitlines()[-1].split()[-4:] == ["0d", ".6000", ".4000", ".0400"]


def test_the_table_shows_cutoffs_below_each_other_for_each_horizon(
    rows: list[dict[str, Any]],
) -> None:
    longer = [
        {**row(NETWORK, 0.3, age=0.0, refit="never", horizon=0.5), "auc": None},
        row("recency", 1.25, age=0.0, refit="every", horizon=0.5),
    ]
    assert backtest_table(compared([*rows, *longer], network=NETWORK)).splitlines() == [
        "2 cutoffs, 2,001 to 2,015 customers",
        "higher is better: AUC; lower: log-loss, ECE; gap: log-loss minus that of the best",
        "baseline, which is fitted at each cutoff; age: of the model, since its own cutoff",
        "",
        "within  cutoff      ordered        model          age   AUC     log-loss  gap     ECE",
        "------  ----------  -------------  -------------  ----  ------  --------  ------  -----",
        "12h     2017-10-01  1,000 (50.0%)  seqchurn lstm    0d  -       .3000     -.9500  .0300",
        "                                   recency          0d  -.2500  1.2500            .1250",
        "7d      2017-10-01  1,000 (50.0%)  seqchurn lstm    0d  .6000   .4000     -.0400  .0400",
        "                                   bgnbd            0d  .5600   .4400             .0440",
        "        2017-10-15  1,000 (49.6%)  seqchurn lstm   14d  .5100   .4900     +.0200  .0490",
        "                                   seqchurn lstm    0d  .5400   .4600     -.0100  .0460",
        "                                   recency          0d  .5300   .4700             .0470",
    ]
