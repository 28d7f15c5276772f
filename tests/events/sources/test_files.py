from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from seqchurn.errors import ConfigError, DataError
from seqchurn.events.sources.files import partition, resolve_path

ROW = {"user": "a", "at": "2020-01-01", "amount": "1"}


def compressed(file: Path, codec: str) -> Path:
    target = file.with_name(f"{file.name}.{'gz' if codec == 'gzip' else 'zst'}")
    with pa.CompressedOutputStream(str(target), codec) as stream:
        stream.write(file.read_bytes())
    file.unlink()
    return target


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
@pytest.mark.parametrize("damage", ["", '"x'])
def test_compressed_files_are_read_as_they_are(
    kind: str,
    codec: str,
    damage: str,
    orders: Callable[..., Any],
    write: Callable[..., Path],
    tmp_path: Path,
) -> None:
    rows = [{**ROW, "user": f"{i}"} for i in range(2_000)]
    file = write(rows, tmp_path / "logs" / f"1.{kind}")
    with file.open("a") as log:
        log.write(damage + "\n" if damage else "")
    compressed(file, codec)
    plain = write([{**ROW, "user": "plain"}], tmp_path / "logs" / f"2.{kind}")
    done = orders(str(plain.parent / "*"), kind=kind)
    assert (done.report.kept, done.report.quarantined) == (2_001, 1 if damage else 0)
    assert set(done.table["customer_id"]) == {"plain", *(f"{i}" for i in range(2_000))}


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_compressed_file_that_is_cut_short_is_told_and_loses_nothing(
    kind: str, codec: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [{**ROW, "user": f"{i}", "amount": f"{i * 7919 % 1013}"} for i in range(20_000)]
    file = compressed(write(rows, tmp_path / f"log.{kind}"), codec)
    whole = orders(str(file), kind=kind)
    before = whole.table
    file.write_bytes(file.read_bytes()[:-400])
    with pytest.raises(DataError, match=rf"source orders: .*log.{kind}.* cannot be read .*Repair"):
        orders(str(file), kind=kind)
    assert whole.table.equals(before)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_line_that_is_no_utf_8_costs_itself_only(
    kind: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write([ROW] * 40, tmp_path / f"log.{kind}")
    with file.open("ab") as log:
        log.write(b"caf\xe9,2020-01-01,1\n" if kind == "csv" else b'{"user": "caf\xe9"}\n')
    done = orders(str(file), kind=kind)
    assert (done.report.kept, done.report.quarantined) == (40, 1)
    assert done.refused["record"].to_list() == [40]


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
def test_a_folder_gives_the_files_of_its_kind_and_the_keys_of_its_partitions(
    kind: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    log = tmp_path / "x=not a key" / "events"
    untimed = {"user": "a", "amount": "1"}
    write([untimed], log / "dt=2024-01-01" / "shop=north%20sea" / f"part-0.{kind}")
    write([untimed], log / "dt=2024-01-02" / "shop=__HIVE_DEFAULT_PARTITION__" / f"part-0.{kind}")
    (log / "_SUCCESS").write_text("")
    (log / "dt=2024-01-02" / f".part-1.{kind}").write_text("{")
    (log / "notes.md").write_text("not a log")
    attributes = {"shop": {"column": "shop", "type": "category"}}
    for path in (log, f"{log}/dt=*/shop=*/*", f"{log}/dt=*"):
        done = orders(str(path), kind=kind, timestamp="dt", attributes=attributes)
        assert done.report.read == 2
        days = [f"{time:%Y-%m-%d}" for time in done.table["timestamp"]]
        assert days == ["2024-01-01", "2024-01-02"]
        assert done.table["shop"].to_list() == ["north sea", None]
    with pytest.raises(ConfigError, match=r"no column x\..*present: user, amount, dt, shop\."):
        orders(str(log), kind=kind, timestamp="x")


def test_folders_above_the_path_are_no_keys(tmp_path: Path) -> None:
    file = tmp_path / "a=1" / "b=2" / "log.csv"
    file.parent.mkdir(parents=True)
    file.touch()
    keys = {
        str(file): {},
        str(tmp_path / "a=1"): {"b": "2"},
        str(tmp_path / "a=*" / "b=2" / "*.csv"): {"a": "1", "b": "2"},
        str(tmp_path / "**"): {"a": "1", "b": "2"},
    }
    for path, expected in keys.items():
        assert resolve_path(path, source="x", kind="csv") == [file]
        assert partition(file, path, source="x") == expected


def test_a_folder_without_a_file_of_the_kind_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log.csv").touch()
    with pytest.raises(ConfigError, match=r"source x: no file ending in \.parquet, \.pq at "):
        resolve_path(str(tmp_path), source="x", kind="parquet")
    assert resolve_path(str(tmp_path), source="x") == [tmp_path / "log.csv"]


def test_structs_that_differ_between_files_are_one(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    for number, more in enumerate([{"total": 1.0}, {"total": 2, "coupon": "x"}]):
        rows = [{"user": "a", "at": f"2020-01-0{number + 1}", "p": more}]
        pl.DataFrame(rows).write_parquet(tmp_path / f"{number}.parquet")
    attributes = {
        "amount": {"column": "p.total"},
        "coupon": {"column": "p.coupon", "type": "category"},
    }
    done = orders(str(tmp_path), kind="parquet", attributes=attributes)
    assert done.table.select("amount", "coupon").rows() == [(1.0, None), (2.0, "x")]


def test_keys_that_only_some_files_have_and_keys_with_dots_meet_in_one_column(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    lines = ['"p": {"total": 1}', '"p.total": 2', '"other": 3', '"p": "{\\"total\\": 4}"']
    for number, line in enumerate(lines):
        text = f'{{"user": "a", "at": "2020-01-0{number + 1}", {line}}}\n'
        (tmp_path / f"{number}.ndjson").write_text(text)
    attributes = {"amount": {"column": "p.total"}}
    done = orders(str(tmp_path), kind="ndjson", attributes=attributes)
    assert done.table["amount"].to_list() == [1.0, 2.0, None, 4.0]


def test_what_a_file_is_packed_with_is_told_by_its_bytes_and_a_mark_of_utf_8_is_no_damage(
    orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write([ROW, {**ROW, "user": "b"}], tmp_path / "log.ndjson")
    plain = tmp_path / "log.ndjson.gz"
    plain.write_bytes(file.read_bytes())
    assert orders(str(plain), kind="ndjson").report.kept == 2
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    done = orders(str(file), kind="ndjson")
    assert done.table["customer_id"].to_list() == ["a", "b"]
