"""Sinks that are a file: the last message on every customer, replaced as a whole."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.sinks import FileSink, Sink
from tests.sinks.tables import DAY


def test_a_parquet_file_holds_the_rows_as_they_were_sent(
    sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    batch = rows({"ann": 0.25, "bob": 0.75})
    sink(kind="parquet", path=str(tmp_path / "out")).send(batch)
    assert pl.read_parquet(tmp_path / "out" / "crm.parquet").equals(batch)


def test_a_csv_file_holds_the_rows_as_text(
    sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    batch = rows({'a,"b"': 1 / 3, "007": 0.75})
    sink(kind="csv", path=str(tmp_path)).send(batch)
    with (tmp_path / "crm.csv").open(encoding="utf-8", newline="") as file:
        quoted, plain = csv.DictReader(file)
    assert list(quoted) == batch.columns
    assert (quoted["customer_id"], plain["customer_id"]) == ('a,"b"', "007")
    assert (float(quoted["p_churn"]), quoted["band"], plain["likely"]) == (1 / 3, "2", "true")
    assert quoted["as_of"] == "2024-06-15T00:00:00.000000+00:00"
    assert quoted["quiet_days"] == ""


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_newer_rows_take_the_place_of_older_ones_and_all_others_stay(
    kind: str, sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    out = sink(kind=kind, path=str(tmp_path))
    out.send(rows({"ann": 0.25, "bob": 0.75}))
    later = rows({"bob": 0.125, "cid": 0.5}, as_of=DAY + timedelta(days=1))
    for _ in range(2):  # the same batch again changes nothing
        out.send(later)
    file = tmp_path / f"crm.{kind}"
    read = pl.read_parquet(file) if kind == "parquet" else pl.read_csv(file)
    assert dict(read.select("customer_id", "p_churn").iter_rows()) == {
        **{"ann": 0.25, "bob": 0.125, "cid": 0.5}
    }


def test_columns_are_those_of_the_newest_rows(
    sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    out = sink(kind="parquet", path=str(tmp_path))
    out.send(rows({"ann": 0.25}).drop("p_never"))
    out.send(rows({"bob": 0.75}).drop("quiet_days"))
    read = pl.read_parquet(tmp_path / "crm.parquet")
    assert "quiet_days" not in read.columns
    assert dict(read.select("customer_id", "p_never").iter_rows()) == {"ann": None, "bob": 0.0}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_half_files_of_runs_that_were_killed_are_cleared_away(
    kind: str, sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    (tmp_path / f".123.crm.{kind}").write_bytes(b"half")
    (tmp_path / f".123.other.{kind}").write_bytes(b"of another delivery")
    sink(kind=kind, path=str(tmp_path)).send(rows({"ann": 0.25}))
    assert {path.name for path in tmp_path.iterdir()} == {f".123.other.{kind}", f"crm.{kind}"}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_who_is_forgotten_is_in_no_file(
    kind: str, sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    out, theirs = sink(kind=kind, path=str(tmp_path)), pl.col("customer_id") == "007"
    assert isinstance(out, FileSink)
    assert out.forget(theirs) == 0  # there is no file yet
    out.send(rows({"ann": 0.25, "007": 0.75, "bob": 0.5}))
    (tmp_path / f".123.crm.{kind}").write_bytes(b"half, of a run that was killed")
    assert (out.forget(theirs), out.forget(theirs)) == (1, 0)
    assert out.read()["customer_id"].to_list() == ["ann", "bob"]
    assert {path.name for path in tmp_path.iterdir()} == {f"crm.{kind}"}


def test_a_file_without_customers_is_told_when_somebody_is_forgotten(
    sink: Callable[..., Sink], tmp_path: Path
) -> None:
    (tmp_path / "crm.csv").write_bytes(b"a,b\n1,2\n")
    out = sink(kind="csv", path=str(tmp_path))
    assert isinstance(out, FileSink)
    with pytest.raises(DataError, match=r"crm.csv is not as it was delivered .*customer_id"):
        out.forget(pl.col("customer_id") == "007")


@pytest.mark.parametrize(("kind", "content"), [("parquet", b"noise"), ("csv", b"a,b\n1,2,3\n")])
def test_a_file_that_somebody_else_wrote_is_told_and_stays(
    kind: str,
    content: bytes,
    sink: Callable[..., Sink],
    rows: Callable[..., pl.DataFrame],
    tmp_path: Path,
) -> None:
    file = tmp_path / f"crm.{kind}"
    file.write_bytes(content)
    with pytest.raises(DataError, match=f"crm.{kind} is not as it was delivered .* Put it back"):
        sink(kind=kind, path=str(tmp_path)).send(rows({"ann": 0.25}))
    assert file.read_bytes() == content


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    kind: str,
    sink: Callable[..., Sink],
    rows: Callable[..., pl.DataFrame],
    tmp_path: Path,
    synced: list[str],
) -> None:
    sink(kind=kind, path=str(tmp_path / "out")).send(rows({"ann": 0.25}))
    assert synced == [f".{os.getpid()}.crm.{kind}", "out"]


def test_a_disk_that_refuses_is_told(
    sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EnvironmentFailure, match="could not write .*crm.parquet"):
        sink(kind="parquet", path=str(tmp_path / "file")).send(rows({"ann": 0.25}))
