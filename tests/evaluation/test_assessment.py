from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqchurn.evaluation import Answers, Assessment, Outcomes, assess, summary
from seqchurn.plots import (
    pit_by_cohort_chart,
    pit_chart,
    reliability_by_cohort_chart,
    reliability_chart,
)

FILES = [
    *("counts.json", "differences.json", "evaluation.json"),
    *("pit.json", "reliability.json", "waits.json"),
]
CHARTS = {
    "pit": (pit_chart, pit_by_cohort_chart),
    "reliability": (reliability_chart, reliability_by_cohort_chart),
}


def answers(outcomes: Outcomes, daily: np.ndarray) -> Answers:
    """Customers who order with a probability of their own on each day."""

    def probability(days: np.ndarray) -> np.ndarray:
        return 1 - (1 - daily[:, None]) ** days

    horizons = outcomes.horizons_days
    return Answers(probability(horizons), probability, daily[:, None] * horizons)


@pytest.fixture(scope="module")
def assessment(outcomes: Outcomes) -> Assessment:
    rng = np.random.default_rng(0)
    rule = Answers(within=rng.random((200, 2)))  # neither a distribution nor counts
    network = answers(outcomes, rng.uniform(0.01, 0.2, 200))
    flat = answers(outcomes, np.full(200, 0.05))
    everything = {"net lstm": network, "rule": rule, "flat": flat}
    return assess("shop", outcomes, everything, model="net lstm", resamples=100)


def test_every_table_holds_the_models_that_can_answer(assessment: Assessment) -> None:
    tables = {
        "scores": ["net lstm", "rule", "flat"],
        "waits": ["net lstm", "flat"],
        "counts": ["net lstm", "flat"],
    }
    for name, models in tables.items():
        assert list(dict.fromkeys(row["model"] for row in getattr(assessment, name))) == models
    assert {row["model"] for row in assessment.differences} == {"net lstm"}
    assert assessment.pit["model"].unique(maintain_order=True).to_list() == ["net lstm", "flat"]


def test_what_charts_draw_has_the_cohorts_of_the_rows(assessment: Assessment) -> None:
    cohorts = list(dict.fromkeys(row["cohort"] for row in assessment.scores))
    for table in (assessment.reliability, assessment.pit):
        assert table["cohort"].unique(maintain_order=True).to_list() == cohorts


def test_tables_are_written_one_a_file(assessment: Assessment, tmp_path: Path) -> None:
    assessment.write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == FILES
    rows = json.loads((tmp_path / "waits.json").read_text())
    assert rows == assessment.waits


def test_charts_can_be_drawn_again_from_the_files(assessment: Assessment, tmp_path: Path) -> None:
    assessment.write(tmp_path)
    for name, charts in CHARTS.items():
        frame = pl.read_json(tmp_path / f"{name}.json")
        for chart in charts:
            assert chart(frame).to_dict() == chart(getattr(assessment, name)).to_dict()


def test_scores_of_all_customers_are_the_metrics_of_a_run(assessment: Assessment) -> None:
    metrics = assessment.metrics()
    row = next(r for r in assessment.scores if r["model"] == "flat" and r["horizon_days"] == 28)
    assert metrics["flat/log_loss_28d"] == row["log_loss"]
    assert metrics["net/wait_pit_ks"] == assessment.waits[0]["pit_ks"]
    assert metrics["net/rmse_7d"] == assessment.counts[0]["rmse"]
    assert "rule/rmse_7d" not in metrics


def test_the_page_has_a_table_for_each_question_and_fits_a_screen(assessment: Assessment) -> None:
    lines = summary(assessment).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) < 50
    heads = [line.split()[0] for line in lines if line.startswith(("within", "model"))]
    assert heads == ["within", "within", "model", "model"]
    (difference,) = [line for line in lines if line.startswith("28d") and "[" in line]
    assert difference.split()[4] in {"win", "tie", "loss"}


def test_without_baselines_distributions_or_counts_the_page_has_one_table(
    outcomes: Outcomes,
) -> None:
    alone = Answers(within=np.full((200, 2), 0.5))
    text = summary(assess("shop", outcomes, {"alone": alone}, model="alone", resamples=20))
    assert text.count("\nwithin") == 1
    assert "model" in text
    assert "interval" not in text
