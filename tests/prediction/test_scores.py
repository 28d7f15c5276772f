from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import torch

from seqchurn.config import Config
from seqchurn.prediction import (
    churn_percentile,
    expected_orders,
    running_waits,
    score_columns,
    score_rows,
)
from seqchurn.schema import dtypes
from seqchurn.tracking import Bundle
from seqchurn.training.fitted_model import make_model
from tests.shop import AS_OF

MOMENT = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
VERSION = {"model_name": "shop", "model_version": "3", "run_id": "r"}


@pytest.fixture(scope="module")
def rows(bundle: Bundle, sequences: pl.DataFrame) -> pl.DataFrame:
    return score_rows(bundle.model, sequences, MOMENT, options=bundle.scores, version=VERSION)


def test_the_percentile_by_hand() -> None:
    p_churn = pl.DataFrame({"p_churn": [0.9, 0.1, 0.5, 0.5]})
    everybody = np.array([0.1, 0.5, 0.5, 0.9])
    found = p_churn.select(churn_percentile(pl.col("p_churn"), everybody)).to_series()
    assert found.to_list() == [100.0, 25.0, 75.0, 75.0]


def test_the_columns_follow_the_horizons() -> None:
    columns = list(score_columns(["6h", "90d"]))
    assert columns[4:9] == ["quiet_days", "p_order_6h", "p_order_90d", "p_churn", "p_never"]
    expected = ["next_order_p90", "expected_orders_6h", "expected_orders_90d", "churn_percentile"]
    assert columns[11:15] == expected


def test_scores_are_readings_of_the_running_waits(
    bundle: Bundle, sequences: pl.DataFrame, rows: pl.DataFrame
) -> None:
    waits = running_waits(bundle.model, sequences, MOMENT)
    assert rows["customer_id"].equals(waits.customer_ids.alias("customer_id"))
    horizons = waits.probability(np.array([7.0, 28.0]))
    found = rows.select("p_order_7d", "p_order_28d").to_numpy()
    np.testing.assert_allclose(found, horizons, rtol=1e-5)  # whole batches round differently
    np.testing.assert_allclose(rows["p_never"].to_numpy(), waits.p_never, rtol=1e-5)
    days = waits.order_day([0.5])[:, 0]
    median = (rows["next_order_p50"] - datetime(1970, 1, 1, tzinfo=UTC)).dt.total_days()
    reached = days - waits.as_of_day <= bundle.scores.reach_days
    assert rows["next_order_p50"].is_not_null().to_list() == reached.tolist()
    assert median.drop_nulls().to_list() == days[reached].tolist()


def test_counts_are_the_expected_orders(
    bundle: Bundle, sequences: pl.DataFrame, rows: pl.DataFrame
) -> None:
    paths = bundle.scores.count_paths
    expected = expected_orders(bundle.model, sequences, MOMENT, [7.0, 28.0], paths=paths)
    found = rows.select("expected_orders_7d", "expected_orders_28d").to_numpy()
    assert np.array_equal(found, expected)
    probability = rows.select("p_order_7d", "p_order_28d").to_numpy()
    assert (found >= probability - 1e-12).all()


def test_a_score_is_the_same_to_the_bit_whoever_else_is_scored(
    bundle: Bundle, sequences: pl.DataFrame
) -> None:
    """With the default widths; the shop's own network has layers of fewer than 16 outputs."""
    torch.manual_seed(0)
    default = Config(name="shop", events=bundle.config["events"])
    parts = {name: getattr(default, name).model_dump() for name in ("encoder", "head", "activity")}
    networks = tuple(make_model(bundle.model.facts, **parts).eval() for _ in range(3))
    for network in networks:
        for parameter in network.head.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    model = replace(bundle.model, networks=networks)

    def scores(part: pl.DataFrame) -> pl.DataFrame:
        found = score_rows(model, part, MOMENT, options=bundle.scores, version=VERSION)
        return found.sort("customer_id")

    whole = scores(sequences)
    assert whole["expected_orders_28d"].n_unique() > 50
    halves = [sequences.gather_every(2, offset=1), sequences.gather_every(2)]
    assert pl.concat([scores(half) for half in halves]).sort("customer_id").equals(whole)
    for who in ("c01", "c05", "c39"):
        alone = scores(sequences.filter(customer_id=who))
        assert alone.equals(whole.filter(customer_id=who))


def test_rows_have_the_dtypes_of_the_schema_and_no_percentile_yet(rows: pl.DataFrame) -> None:
    assert dict(rows.schema) == dtypes(score_columns(["7d", "28d"]))
    assert rows["churn_percentile"].null_count() == rows.height
    assert rows.select(list(VERSION)).unique().rows() == [("shop", "3", "r")]


def test_dates_beyond_reach_are_null(bundle: Bundle, sequences: pl.DataFrame) -> None:
    near = replace(bundle.scores, reach_days=2.0)
    rows = score_rows(bundle.model, sequences, MOMENT, options=near, version=VERSION)
    dates = rows["next_order_p10"]
    assert 0 < dates.null_count() < rows.height
    assert (dates.drop_nulls() <= MOMENT + timedelta(days=2)).all()


def test_churn_has_a_horizon_of_its_own(
    bundle: Bundle, sequences: pl.DataFrame, rows: pl.DataFrame
) -> None:
    weekly = replace(bundle.scores, churn_days=7.0, interval_days=7.0)
    changed = score_rows(bundle.model, sequences, MOMENT, options=weekly, version=VERSION)
    assert changed["p_churn"].equals((1.0 - rows["p_order_7d"]).alias("p_churn"))
    assert changed["valid_until"].unique().to_list() == [MOMENT + timedelta(days=7)]


def test_nobody_known_gives_an_empty_table(bundle: Bundle, sequences: pl.DataFrame) -> None:
    early = datetime(2023, 1, 1, tzinfo=UTC)
    rows = score_rows(bundle.model, sequences, early, options=bundle.scores, version=VERSION)
    assert rows.height == 0
    assert dict(rows.schema) == dtypes(score_columns(["7d", "28d"]))
