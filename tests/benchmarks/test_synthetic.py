from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.benchmarks.timing import synthetic
from tests.benchmarks.timing.synthetic import TYPES, history_lengths, write_log

EVENTS = 200_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("log") / "parquet"
    write_log(folder, EVENTS, "parquet")
    return pl.read_parquet(folder / "*.parquet")


@pytest.mark.parametrize("events", [200_000, 1_000_000, 5_000_000])
def test_histories_are_heavy_tailed_and_add_up_to_the_events(events: int) -> None:
    lengths = history_lengths(events)
    assert lengths.sum() == events
    assert len(lengths) == events // 50
    assert np.median(lengths) == 20
    assert (lengths.min(), lengths.max()) == (1, 2_000)


def test_the_log_has_every_customer_twenty_types_and_amounts_of_orders_only(
    log: pl.DataFrame,
) -> None:
    assert log.height == EVENTS
    assert sorted(log["customer"].value_counts()["count"]) == list(history_lengths(EVENTS))
    assert set(log["what"]) == set(TYPES)
    assert len(TYPES) == 20
    has_amount = log["amount"].is_not_null()
    assert (has_amount == (log["what"] == "order")).all()
    assert 0.1 < has_amount.mean() < 0.2


def test_stamps_are_whole_seconds_of_utc_over_two_years(log: pl.DataFrame) -> None:
    assert log.schema["at"] == pl.Datetime("us", "UTC")
    assert (log["at"].dt.microsecond() == 0).all()
    assert str(log["at"].min()) > "2024-01-01"
    assert str(log["at"].max()) < synthetic.END
    assert (log["at"].max() - log["at"].min()).days > 700


def test_rows_are_shuffled(log: pl.DataFrame) -> None:
    later = log.select(
        (pl.col(name).diff().to_physical() > 0).mean() for name in ("customer", "at")
    )
    assert later.row(0) == pytest.approx((0.5, 0.5), abs=0.02)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    tmp_path: Path, kind: str
) -> None:
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        write_log(tmp_path / name, 5_000, kind, seed=seed)
    first, again, other = (
        (tmp_path / name / f"000.{kind}").read_bytes() for name in ("first", "again", "other")
    )
    assert first == again != other


def test_both_kinds_hold_the_same_events(tmp_path: Path) -> None:
    for kind in ("parquet", "csv"):
        write_log(tmp_path / kind, 5_000, kind)
    rows = pl.read_parquet(tmp_path / "parquet" / "*.parquet")
    text = pl.read_csv(tmp_path / "csv" / "*.csv", try_parse_dates=True)
    assert text.select(pl.col("at").cast(rows.schema["at"]), "customer", "what", "amount").equals(
        rows.select("at", "customer", "what", "amount")
    )


def test_a_log_of_several_files_has_all_customers_in_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic, "_FILE_EVENTS", 4_000)
    write_log(tmp_path / "log", 10_000, "parquet")
    files = [pl.read_parquet(file) for file in sorted((tmp_path / "log").iterdir())]
    assert len(files) == 3
    whole = pl.concat(files)
    assert sorted(whole["customer"].value_counts()["count"]) == list(history_lengths(10_000))
    assert all(abs(file.height - 10_000 / 3) < 100 for file in files)
