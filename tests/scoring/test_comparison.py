"""Two score tables held against each other, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqchurn.errors import DataError
from seqchurn.metrics.drift import population_stability, quantile_counts, two_sample_distance
from seqchurn.scoring import compare_scores, comparison_table
from seqchurn.storage import BucketStore, Snapshot

HORIZONS = {"7d": 7.0, "12h": 0.5}


def published(folder: Path, version: str, p: np.ndarray, *, first: int = 0) -> Snapshot:
    """A table of customers from a number on, with P(order) within 7d and half of it within 12h."""
    store = BucketStore(folder / version)
    ids = [f"c{i:03}" for i in range(first, first + len(p))]
    with store.publish(model_name="shop", model_version=version) as writer:
        for bucket in (0, 1):
            rows = {"customer_id": ids[bucket::2], "p_order_7d": p[bucket::2]}
            writer.write(bucket, pl.DataFrame(rows | {"p_order_12h": p[bucket::2] / 2}))
    return store.snapshot()


def test_a_row_is_what_the_numbers_by_hand_are(tmp_path: Path) -> None:
    one = np.random.default_rng(0).uniform(0.1, 0.9, 40)
    two = one + np.where(np.arange(40) % 2, 0.1, -0.05)
    week, half_day = compare_scores(
        published(tmp_path, "1", one), published(tmp_path, "2", two), horizons=HORIZONS
    )
    ranks = [np.argsort(np.argsort(p)) for p in (one, two)]
    assert (week["model"], week["beside"]) == ("shop version 1", "shop version 2")
    assert (week["n"], week["horizon_days"], half_day["horizon_days"]) == (40, 7.0, 0.5)
    assert week["mean"] == pytest.approx(one.mean())
    assert week["mean_beside"] == pytest.approx(two.mean())
    assert week["difference"] == pytest.approx(np.abs(one - two).mean())
    assert half_day["difference"] == pytest.approx(week["difference"] / 2)
    assert week["rank_correlation"] == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert week["psi"] == pytest.approx(population_stability(*quantile_counts(one, two)))
    assert week["distance"] == two_sample_distance(one, two)
    riskiest = [set(np.argsort(p)[:4].tolist()) for p in (one, two)]
    assert week["tenth_shared"] == len(riskiest[0] & riskiest[1]) / 4


def test_a_table_is_not_far_from_itself(tmp_path: Path) -> None:
    p = np.random.default_rng(0).uniform(0, 1, 40)
    rows = compare_scores(
        published(tmp_path, "1", p), published(tmp_path, "2", p), horizons=HORIZONS
    )
    for row in rows:
        assert row["rank_correlation"] == pytest.approx(1)
        assert (row["difference"], row["psi"], row["distance"], row["tenth_shared"]) == (0, 0, 0, 1)


def test_opposite_tables_share_nobody(tmp_path: Path) -> None:
    p = np.linspace(0.1, 0.9, 40)
    one, two = published(tmp_path, "1", p), published(tmp_path, "2", p[::-1])
    week, _ = compare_scores(one, two, horizons=HORIZONS)
    assert week["rank_correlation"] == pytest.approx(-1)
    assert week["tenth_shared"] == 0
    assert week["mean"] == pytest.approx(week["mean_beside"])


def test_only_those_who_are_in_both_are_compared(tmp_path: Path) -> None:
    p = np.linspace(0.1, 0.9, 40)
    one, two = published(tmp_path, "1", p), published(tmp_path, "2", p, first=30)
    assert [row["n"] for row in compare_scores(one, two, horizons=HORIZONS)] == [10, 10]
    other = published(tmp_path, "3", p, first=500)
    with pytest.raises(DataError, match=r"no customer is in both .* Run seqchurn score --force\."):
        compare_scores(one, other, horizons=HORIZONS)


def test_a_model_that_says_one_thing_of_all_has_no_rank_correlation(tmp_path: Path) -> None:
    p = np.linspace(0.1, 0.9, 40)
    one, two = published(tmp_path, "1", p), published(tmp_path, "2", np.full(40, 0.5))
    rows = compare_scores(one, two, horizons=HORIZONS)
    assert [row["rank_correlation"] for row in rows] == [None, None]
    assert comparison_table(rows).splitlines()[0].split("  ")[0] == "within"
    assert comparison_table(rows).splitlines()[2].split()[:2] == ["7d", ".5000"]
