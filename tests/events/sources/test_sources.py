from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from seqchurn.config.sources import Source
from seqchurn.errors import ConfigError
from seqchurn.events.sources import READERS, resolve_path

ROW = {"user": "a", "at": "2020-01-01", "amount": "1"}


def test_the_table_of_readers_agrees_with_the_config() -> None:
    union = get_args(get_args(Source)[0])
    assert list(READERS) == [get_args(c.model_fields["kind"].annotation)[0] for c in union]


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_a_glob_reads_all_files_and_counts_records_in_each(
    ending: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    write([ROW, {**ROW, "user": None}], tmp_path / "logs [x]" / f"1.{ending}")
    write([{**ROW, "user": None}, {**ROW, "more": "x"}], tmp_path / "logs [x]" / f"2.{ending}")
    done = orders(str(tmp_path / "logs*" / f"*.{ending}"), kind=ending)
    assert done.report.read == 4
    assert [Path(file).name for file in done.refused["file"]] == [f"1.{ending}", f"2.{ending}"]
    assert done.refused["record"].to_list() == [1, 0]


def test_brackets_in_a_path_may_be_meant_as_written(
    orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write([ROW], tmp_path / "a[1].csv")
    assert orders(str(file)).report.read == 1


def test_a_file_inside_a_package_is_found_without_importing_it() -> None:
    (file,) = resolve_path("package:seqchurn/schema.py", source="x")
    assert file.name == "schema.py"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "package:no_such_package/x.csv",
            r"no_such_package is not installed.*seqchurn\[examples\]",
        ),
        ("package:seqchurn/none.csv", "source x: no file at .*none.csv"),
        ("/no/such/file.csv", "source x: no file at /no/such/file.csv"),
        ("/no/such/*.csv", r"source x: no file at /no/such/\*.csv"),
    ],
)
def test_a_path_without_a_file_is_an_error(path: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_path(path, source="x")


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
def test_a_missing_column_names_the_nearest_one(kind: str, orders: Callable[..., Any]) -> None:
    with pytest.raises(
        ConfigError, match="source orders: there is no column usr. Did you mean user?.*amount"
    ):
        orders([ROW], kind=kind, customer_id="usr")


def test_ids_are_plain_text_whatever_they_were_stored_as(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    day = ["2020-01-01", "2020-01-01"]
    for ids, expected in [
        ([10**17 + 1, -7], ["-7", "100000000000000001"]),
        ([12345.0, 0.5], ["0.5", "12345"]),
        (pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
    ]:
        frame = pl.DataFrame({"user": ids, "at": day, "amount": [1, 2]})
        frame.write_parquet(tmp_path / "ids.parquet")
        done = orders(str(tmp_path / "ids.parquet"), kind="parquet")
        assert done.table["customer_id"].to_list() == expected


def test_leading_zeros_of_a_csv_id_stay(orders: Callable[..., Any]) -> None:
    assert orders([{**ROW, "user": "007"}]).table["customer_id"].to_list() == ["007"]


def test_another_separator_is_possible(orders: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text('user;at;amount\na;2020-01-01;1\nb;"2020;1\n')
    done = orders(str(tmp_path / "log.csv"), separator=";")
    assert (done.report.read, done.report.quarantined) == (2, 1)
