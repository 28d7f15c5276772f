from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import DataError
from seqchurn.events.sources import database
from tests.events.sources.sql_orders import ORDERS, ROWS

CATEGORY = {"column": "type", "type": "category"}


def test_a_table_gives_the_events_that_the_same_rows_in_csv_give(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], run: Callable[..., Any]
) -> None:
    rows = [dict(zip(("user", "at", "amount", "type"), row, strict=True)) for row in ROWS]
    of_csv = run({**ORDERS, "kind": "csv", "path": rows})
    done = from_sql(sqlite(ROWS))
    assert done.table.equals(of_csv.table)
    assert done.reports == of_csv.reports
    columns = ["source", "record", "rule", "reason", "raw"]
    assert done.refused.select(columns).equals(of_csv.refused.select(columns))


def test_counts_reconcile_and_the_quarantine_names_database_table_and_row(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], tmp_path: Path
) -> None:
    done = from_sql(sqlite(ROWS), where="type <> 'z'")
    report = done.report
    assert (report.read, report.kept, report.quarantined, report.filtered) == (7, 3, 3, 1)
    assert done.refused["record"].to_list() == [3, 4, 5]
    assert set(done.refused["file"]) == {f"sqlite:///{tmp_path}/shop 1%.db#orders"}


def test_a_column_may_hold_any_type_in_any_row(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BATCH_ROWS", 2)  # the driver guesses types from a batch
    day = "2020-01-01"
    rows = [("a", day, None, None)] * 4 + [
        (1, day, 2, None),
        ("b", day, 1e300, "text"),
        (0.5, day, "x", 1),
    ]
    done = from_sql(sqlite(rows), attributes=ORDERS["attributes"] | {"type": CATEGORY})
    assert done.table.select("customer_id", "amount", "type").rows() == [
        ("1", 2.0, None),
        *[("a", None, None)] * 4,
    ]
    assert done.refused["rule"].to_list() == ["attribute_not_finite", "attribute_not_a_number"]


def test_bytes_that_are_no_text_cost_their_record_only(
    sqlite: Callable[..., str], from_sql: Callable[..., Any]
) -> None:
    day = "2020-01-01"
    done = from_sql(
        sqlite([("a", day, 1, None), (b"\xff\xfe", day, 1, None), (b"caf\xc3\xa9", day, 1, None)])
    )
    assert done.table["customer_id"].to_list() == ["a", "café"]
    assert done.refused.select("record", "rule", "raw").rows() == [
        (1, "encoding_broken", '{"user":"\ufffd\ufffd","at":"2020-01-01","amount":"1"}')
    ]


def test_a_query_is_a_source_too(sqlite: Callable[..., str], from_sql: Callable[..., Any]) -> None:
    query = "SELECT \"user\" AS who, at, 2 * amount AS amount FROM orders WHERE type = 'x'; -- x"
    done = from_sql(sqlite(ROWS[:2]), table=None, query=query.replace(";", ""), customer_id="who")
    assert done.table.select("customer_id", "amount").rows() == [("a", 3.0)]
    assert from_sql(sqlite(ROWS[:2]), table=None, query="SELECT * FROM orders;").report.read == 2


def test_only_columns_in_use_are_asked_for(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    batches = database._Adbc.batches
    monkeypatch.setattr(
        database._Adbc, "batches", lambda self, query: asked.append(query) or batches(self, query)
    )
    from_sql(sqlite(ROWS), attributes={})
    assert [column in asked[0] for column in ('"user"', '"at"', '"amount"', '"type"')] == [
        True,
        True,
        False,
        False,
    ]


def stamps(style: str) -> list[tuple[Any, ...]]:
    """Orders around two days, written in a style; the id of each is its instant."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    rows = []
    for hours in range(-80, 130):
        instant = start + timedelta(hours=hours)
        zone = timedelta(hours=hours % 24 - 12)
        local = (instant + zone).replace(tzinfo=None)
        sign, minutes = "-" if zone < timedelta(0) else "+", abs(zone) // timedelta(minutes=1)
        text: Any = {
            "offset": f"{local:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}:{minutes % 60:02}",
            "local": f"{instant:%Y-%m-%d %H:%M}",
            "s": instant.timestamp(),
            "ms": int(instant.timestamp()) * 1_000,
        }[style]
        rows.append((instant.isoformat(), text, 1, None))
    return rows


@pytest.mark.parametrize("style", ["offset", "local", "s", "ms"])
def test_a_window_is_half_open_and_exact_however_stamps_are_written(
    style: str, from_sql: Callable[..., Any], tmp_path: Path
) -> None:
    rows = stamps(style)
    path = tmp_path / "times.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        kind = "TEXT" if isinstance(rows[0][1], str) else "REAL"
        connection.execute(f'CREATE TABLE orders ("user", at {kind}, amount, type)')
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    since, until = "2020-01-01T06:00:00+00:00", "2020-01-03T07:00:00+01:00"
    format = style if style in ("s", "ms") else None
    done = from_sql(
        f"sqlite:///{path}", since=since, until=until, timestamp_format=format, attributes={}
    )
    first = datetime(2020, 1, 1, 6, tzinfo=UTC)
    assert sorted(done.table["timestamp"]) == [first + timedelta(hours=h) for h in range(48)]
    assert done.report.read == 48


def test_a_time_without_an_offset_bounds_in_the_zone_of_the_source(
    sqlite: Callable[..., str], from_sql: Callable[..., Any]
) -> None:
    rows = [("a", "2020-07-01 00:30", 1, None), ("b", "2020-06-30 23:30", 1, None)]
    done = from_sql(sqlite(rows), timezone="Europe/Berlin", since="2020-07-01")
    assert done.table["customer_id"].to_list() == ["a"]


def test_new_rows_are_told_and_rows_outside_the_window_are_not(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    window = {"since": "2020-01-01", "until": "2020-01-10"}
    uri = sqlite([("a", "2020-01-02", 1, None)])
    from_sql(uri, folder, **window)
    sqlite([("a", "2020-01-02", 1, None), ("b", "2020-02-02", 1, None)])
    before = from_sql(uri, folder, **window).store.manifest()["inputs"]
    sqlite([("a", "2020-01-02", 1, None), ("b", "2020-01-03", 1, None)])
    done = from_sql(uri, folder, **window)
    assert done.store.manifest()["inputs"] != before
    assert done.report.read == 2


def test_rows_that_change_in_place_are_told_and_the_same_answer_builds_nothing(
    sqlite: Callable[..., str],
    from_sql: Callable[..., Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    uri = sqlite([("a", "2020-01-02", 1, None), ("b", "2020-01-03", 2, None)])
    folder = tmp_path / "store"
    first = from_sql(uri, folder)
    with caplog.at_level("INFO"):
        assert from_sql(uri, folder).reports == first.reports
    assert "are up to date" in caplog.text
    sqlite([("c", "2020-01-02", 5, None), ("b", "2020-01-03", 2, None)])
    assert from_sql(uri, folder).table["customer_id"].to_list() == ["b", "c"]


def test_json_in_a_column_is_mapped_by_path(
    sqlite: Callable[..., str], from_sql: Callable[..., Any]
) -> None:
    text = json.dumps({"items": [{"price": 2.5}]})
    attributes = {"price": {"column": "type.items.0.price"}}
    done = from_sql(sqlite([("a", "2020-01-01", 1, text)]), attributes=attributes)
    assert done.table["price"].to_list() == [2.5]


def test_an_empty_table_has_no_events(
    sqlite: Callable[..., str], from_sql: Callable[..., Any]
) -> None:
    with pytest.raises(DataError, match="no event is left"):
        from_sql(sqlite([]))


def test_all_of_a_long_table_is_read_in_bounded_pieces(
    from_sql: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "long.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE orders ("user", at, amount)')
        connection.execute(
            """WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 149999)
            INSERT INTO orders SELECT i % 1000, datetime(1577836800 + i, 'unixepoch'), i FROM n"""
        )
    done = from_sql(f"sqlite:///{path}")
    assert done.report.kept == 150_000
    assert done.table.select(pl.col("amount").cast(pl.Float64).sum()).item() == 149_999 * 75_000
