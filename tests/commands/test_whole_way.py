"""From raw logs to scores through the command line, on a small shop."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import mlflow
import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import BASELINES
from seqchurn.storage import BucketStore
from tests.shop import AS_OF, CUTOFF, Opened

INSTANT = pl.Datetime("us", "UTC")
NOW = datetime(2024, 6, 15, tzinfo=UTC)
NEVER_ORDERED = ["c05", "c17", "c29", "c41", "c53"]

SCORES = {
    "customer_id": pl.String,
    "as_of": INSTANT,
    "last_event_at": INSTANT,
    "last_target_at": INSTANT,
    "quiet_days": pl.Float64,
    "p_order_7d": pl.Float64,
    "p_order_28d": pl.Float64,
    "p_churn": pl.Float64,
    "p_never": pl.Float64,
    "next_order_p10": INSTANT,
    "next_order_p50": INSTANT,
    "next_order_p90": INSTANT,
    "expected_orders_7d": pl.Float64,
    "expected_orders_28d": pl.Float64,
    "churn_percentile": pl.Float64,
    "model_name": pl.String,
    "model_version": pl.String,
    "run_id": pl.String,
    "valid_until": INSTANT,
}


@pytest.fixture(scope="module")
def scores(whole_way: Opened) -> pl.DataFrame:
    return whole_way.scores()


@pytest.fixture(scope="module")
def events(whole_way: Opened) -> pl.DataFrame:
    return whole_way.table("events").scan().filter(pl.col("timestamp") < NOW).collect()


def test_every_verb_says_what_it_did(whole_way: Opened) -> None:
    said, data = whole_way.said, whole_way.store
    assert "orders    615    612          0            3" in said["prepare"]
    assert said["prepare"].endswith(
        f"events     {data}/events/shop\nsequences  {data}/sequences/shop\n"
    )
    assert said["train"].startswith("model       models:/shop/1, run ")
    assert f"cutoff      {CUTOFF}T00:00:00+00:00\nvalidation  " in said["train"]
    assert f"tracking    sqlite:///{data}/mlflow/mlflow.db" in said["train"]
    assert said["evaluate"].startswith(f"shop, cutoff {CUTOFF}, 58 customers (cohort all)\n")
    assert "seqchurn lstm" in said["evaluate"]
    assert said["evaluate"].endswith(f"\nreport  {data}/evaluation/shop/cutoff={CUTOFF}\n")
    assert said["promote"].endswith("\n\nchampion  models:/shop@champion is now version 1\n")
    assert said["score"] == (
        f"scores  60 customers by models:/shop/1: {data}/scores/shop/as_of={AS_OF}\n"
    )


def test_everything_lies_in_the_store_and_nothing_where_the_command_ran(
    whole_way: Opened,
) -> None:
    assert list((whole_way.folder / "elsewhere").iterdir()) == []
    assert sorted(p.name for p in whole_way.folder.iterdir()) == [
        "data",
        "elsewhere",
        "raw",
        "shop.yaml",
    ]
    assert sorted(p.name for p in whole_way.store.iterdir()) == [
        "checkpoints",
        "evaluation",
        "events",
        "mlflow",
        "scores",
        "sequences",
    ]
    assert list((whole_way.store / "checkpoints").iterdir()) == []
    runs = mlflow.MlflowClient(f"sqlite:///{whole_way.store}/mlflow/mlflow.db")
    artifacts = (whole_way.store / "mlflow" / "artifacts").as_uri()
    assert runs.get_experiment_by_name("shop").artifact_location == artifacts


def test_the_evaluation_has_a_row_per_cohort_horizon_and_model(whole_way: Opened) -> None:
    folder = whole_way.store / "evaluation" / "shop" / f"cutoff={CUTOFF}"
    assert sorted(p.name for p in folder.iterdir()) == [
        "counts.json",
        "differences.json",
        "evaluation.json",
        "pit.json",
        "pit.png",
        "pit_by_cohort.png",
        "reliability.json",
        "reliability.png",
        "reliability_by_cohort.png",
        "waits.json",
    ]
    rows = json.loads((folder / "evaluation.json").read_text())
    columns = (
        "dataset cutoff cohort horizon_days model n positives base_rate auc log_loss brier ece "
        "accuracy"
    )
    assert {" ".join(row) for row in rows} == {columns}
    models = list(dict.fromkeys(row["model"] for row in rows))
    assert models == ["seqchurn lstm", *BASELINES]
    cohorts = list(dict.fromkeys(row["cohort"] for row in rows))
    assert cohorts[:4] == ["all", "no order yet", "one order", "repeat"]  # nobody with one event
    assert [cohort.split()[0] for cohort in cohorts[4:]] == ["tenure"] * 3 + ["quiet"] * 3
    keys = [(row["cohort"], row["horizon_days"], row["model"]) for row in rows]
    assert keys == [(c, h, m) for c in cohorts for h in (7.0, 28.0) for m in models]


def test_the_other_tables_hold_who_has_counts_a_distribution_or_is_a_baseline(
    whole_way: Opened,
) -> None:
    folder = whole_way.store / "evaluation" / "shop" / f"cutoff={CUTOFF}"
    tables = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in ("waits", "counts", "differences")
    }
    models = {name: list(dict.fromkeys(r["model"] for r in rows)) for name, rows in tables.items()}
    assert models["waits"] == [
        "seqchurn lstm",
        *(n for n, b in BASELINES.items() if b.has_distribution),
    ]
    assert models["counts"] == ["seqchurn lstm", *(n for n, b in BASELINES.items() if b.has_counts)]
    assert models["differences"] == ["seqchurn lstm"]
    assert list(dict.fromkeys(r["baseline"] for r in tables["differences"])) == list(BASELINES)


def test_the_evaluation_counts_what_the_log_says_by_hand(
    whole_way: Opened, events: pl.DataFrame
) -> None:
    cutoff = datetime.fromisoformat(CUTOFF).replace(tzinfo=UTC)
    log = whole_way.table("events").scan().collect()
    known = log.filter(pl.col("timestamp") < cutoff)["customer_id"].unique()
    window = pl.col("timestamp").is_between(cutoff, cutoff + timedelta(days=28), closed="left")
    ordered = log.filter(window, pl.col("event_type") == "order")["customer_id"].unique()
    folder = whole_way.store / "evaluation" / "shop" / f"cutoff={CUTOFF}"
    rows = json.loads((folder / "evaluation.json").read_text())
    row = next(r for r in rows if r["cohort"] == "all" and r["horizon_days"] == 28.0)
    assert row["n"] == len(known)
    assert row["positives"] == ordered.is_in(known.implode()).sum()


def test_the_score_table_has_the_columns_of_the_contract(scores: pl.DataFrame) -> None:
    expected = {c: t() if isinstance(t, type) else t for c, t in SCORES.items()}
    assert list(scores.schema.items()) == list(expected.items())
    assert scores["as_of"].unique().to_list() == [NOW]
    assert scores["valid_until"].unique().to_list() == [NOW + timedelta(days=1)]
    assert scores["model_name"].unique().to_list() == ["shop"]
    assert scores["model_version"].unique().to_list() == ["1"]
    optional = {"last_target_at", "quiet_days", "next_order_p10", "next_order_p50"}
    optional |= {"next_order_p90"}
    assert scores.drop(optional).null_count().sum_horizontal().item() == 0


def test_the_run_id_of_a_score_is_the_run_that_trained_the_model(
    whole_way: Opened, scores: pl.DataFrame
) -> None:
    assert f"models:/shop/1, run {scores['run_id'][0]}\n" in whole_way.said["train"]


def test_every_customer_known_before_has_one_row(
    scores: pl.DataFrame, events: pl.DataFrame
) -> None:
    assert scores["customer_id"].to_list() == sorted(events["customer_id"].unique())


def test_probabilities_rise_with_the_horizon_and_churn_is_the_complement(
    scores: pl.DataFrame,
) -> None:
    p7, p28 = scores["p_order_7d"], scores["p_order_28d"]
    assert ((p7 > 0) & (p7 < p28) & (p28 < 1)).all()
    assert scores["p_churn"].equals((1 - p28).alias("p_churn"))


def test_a_head_without_a_never_mass_gives_nobody_up(scores: pl.DataFrame) -> None:
    assert scores["p_never"].unique().to_list() == [0.0]


def test_more_orders_are_expected_within_longer_and_at_least_as_many_as_the_next_one(
    scores: pl.DataFrame,
) -> None:
    n7, n28 = scores["expected_orders_7d"], scores["expected_orders_28d"]
    assert (n7 < n28).all()
    assert (n7 > scores["p_order_7d"] - 1e-6).all()
    assert (n28 > scores["p_order_28d"] - 1e-6).all()
    assert (n28 <= 28).all()


def test_the_dates_of_the_next_order_are_in_order_and_not_past(scores: pl.DataFrame) -> None:
    names = ["next_order_p10", "next_order_p50", "next_order_p90"]
    dates = scores.select(pl.col(names).fill_null(NOW + timedelta(days=366))).to_numpy()
    assert (np.diff(dates.astype("int64"), axis=1) >= 0).all()
    assert (scores["next_order_p10"] >= NOW).all()
    assert scores["next_order_p10"].dt.truncate("1d").equals(scores["next_order_p10"])
    assert scores.select(names[:2]).drop_nulls().height > 30


def test_the_percentile_ranks_customers_by_churn(scores: pl.DataFrame) -> None:
    percentile = scores["churn_percentile"]
    assert percentile.is_between(0, 100, closed="right").all()
    assert percentile.max() == 100
    assert scores.sort("p_churn")["churn_percentile"].is_sorted()


def test_last_times_and_quiet_days_are_those_of_the_log(
    scores: pl.DataFrame, events: pl.DataFrame
) -> None:
    found = events.group_by("customer_id").agg(
        last_event_at=pl.col("timestamp").max(),
        last_target_at=pl.col("timestamp").filter(pl.col("event_type") == "order").max(),
    )
    expected = found.sort("customer_id").with_columns(
        quiet_days=(NOW - pl.col("last_target_at").dt.truncate("1d")).dt.total_days().cast(float)
    )
    assert scores.select(expected.columns).equals(expected)
    never = scores.filter(pl.col("last_target_at").is_null())
    assert never["customer_id"].to_list() == NEVER_ORDERED
    assert never["quiet_days"].null_count() == len(NEVER_ORDERED)


def test_a_new_customer_is_scored(scores: pl.DataFrame, events: pl.DataFrame) -> None:
    first = events.group_by("customer_id").agg(pl.col("timestamp").min())
    new = first.filter(pl.col("timestamp") >= datetime.fromisoformat(CUTOFF).replace(tzinfo=UTC))
    assert new.height > 0
    assert new["customer_id"].is_in(scores["customer_id"].implode()).all()


def test_refused_records_are_kept_with_their_reason(whole_way: Opened) -> None:
    quarantine = BucketStore(whole_way.table("events").folder / "quarantine").scan().collect()
    assert quarantine["rule"].sort().to_list() == [
        "attribute_not_a_number",
        "customer_id_missing",
        "timestamp_unparsable",
    ]
