from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from pydantic import ValidationError

from seqchurn.config.sources import SqlSource
from seqchurn.errors import ConfigError, DataError, EnvironmentFailure
from seqchurn.events.sources import database, sql

Row = dict[str, Any]

ORDERS = {
    "name": "orders",
    "max_bad_fraction": 1,
    "customer_id": "user",
    "timestamp": "at",
    "timezone": "UTC",
    "event_type": "order",
    "attributes": {"amount": {"column": "amount"}},
}
CATEGORY = {"column": "type", "type": "category"}
ROWS: list[tuple[Any, ...]] = [
    ("a", "2020-01-01 10:00:00", 1.5, "x"),
    ("b", "2020-01-02", None, "y"),
    (10**17 + 1, "2020-01-03T00:00:00+02:00", "7", "y"),
    ("a", "soon", 1, "x"),
    (None, "2020-01-03", 1, "x"),
    ("a", "2020-01-04", "1,5", "x"),
    ("a", "2020-01-04", 9, "z"),
]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., str]:
    """Rows in the table orders of an SQLite file -> its URI."""

    def make_database(rows: list[tuple[Any, ...]], file: str = "shop 1%.db") -> str:
        path = tmp_path / file
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute('CREATE TABLE orders ("user", at, amount, type)')
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        return f"sqlite:///{path}"

    return make_database


@pytest.fixture
def ingest(run: Callable[..., Any]) -> Callable[..., Any]:
    def ingest_orders(uri: str, folder: Path | None = None, **changes: Any) -> Any:
        source = {**ORDERS, "kind": "sql", "table": "orders", "uri": uri, **changes}
        return run(
            {key: value for key, value in source.items() if value is not None}, folder=folder
        )

    return ingest_orders


def test_a_table_gives_the_events_that_the_same_rows_in_csv_give(
    make: Callable[..., str], ingest: Callable[..., Any], run: Callable[..., Any]
) -> None:
    rows = [dict(zip(("user", "at", "amount", "type"), row, strict=True)) for row in ROWS]
    of_csv = run({**ORDERS, "kind": "csv", "path": rows})
    done = ingest(make(ROWS))
    assert done.table.equals(of_csv.table)
    assert done.reports == of_csv.reports
    columns = ["source", "record", "rule", "reason", "raw"]
    assert done.refused.select(columns).equals(of_csv.refused.select(columns))


def test_counts_reconcile_and_the_quarantine_names_database_table_and_row(
    make: Callable[..., str], ingest: Callable[..., Any], tmp_path: Path
) -> None:
    done = ingest(make(ROWS), where="type <> 'z'")
    report = done.report
    assert (report.read, report.kept, report.quarantined, report.filtered) == (7, 3, 3, 1)
    assert done.refused["record"].to_list() == [3, 4, 5]
    assert set(done.refused["file"]) == {f"sqlite:///{tmp_path}/shop 1%.db#orders"}


def test_a_column_may_hold_any_type_in_any_row(
    make: Callable[..., str], ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BATCH_ROWS", 2)  # the driver guesses types from a batch
    day = "2020-01-01"
    rows = [("a", day, None, None)] * 4 + [
        (1, day, 2, None),
        ("b", day, 1e300, "text"),
        (0.5, day, "x", 1),
    ]
    done = ingest(make(rows), attributes=ORDERS["attributes"] | {"type": CATEGORY})
    assert done.table.select("customer_id", "amount", "type").rows() == [
        ("1", 2.0, None),
        *[("a", None, None)] * 4,
    ]
    assert done.refused["rule"].to_list() == ["attribute_not_finite", "attribute_not_a_number"]


def test_bytes_that_are_no_text_cost_their_record_only(
    make: Callable[..., str], ingest: Callable[..., Any]
) -> None:
    day = "2020-01-01"
    done = ingest(
        make([("a", day, 1, None), (b"\xff\xfe", day, 1, None), (b"caf\xc3\xa9", day, 1, None)])
    )
    assert done.table["customer_id"].to_list() == ["a", "café"]
    assert done.refused.select("record", "rule", "raw").rows() == [
        (1, "encoding_broken", '{"user":"\ufffd\ufffd","at":"2020-01-01","amount":"1"}')
    ]


def test_a_query_is_a_source_too(make: Callable[..., str], ingest: Callable[..., Any]) -> None:
    query = "SELECT \"user\" AS who, at, 2 * amount AS amount FROM orders WHERE type = 'x'; -- x"
    done = ingest(make(ROWS[:2]), table=None, query=query.replace(";", ""), customer_id="who")
    assert done.table.select("customer_id", "amount").rows() == [("a", 3.0)]
    assert ingest(make(ROWS[:2]), table=None, query="SELECT * FROM orders;").report.read == 2


def test_only_columns_in_use_are_asked_for(
    make: Callable[..., str], ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    batches = database._Adbc.batches
    monkeypatch.setattr(
        database._Adbc, "batches", lambda self, query: asked.append(query) or batches(self, query)
    )
    ingest(make(ROWS), attributes={})
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
    style: str, ingest: Callable[..., Any], tmp_path: Path
) -> None:
    rows = stamps(style)
    path = tmp_path / "times.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        kind = "TEXT" if isinstance(rows[0][1], str) else "REAL"
        connection.execute(f'CREATE TABLE orders ("user", at {kind}, amount, type)')
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    since, until = "2020-01-01T06:00:00+00:00", "2020-01-03T07:00:00+01:00"
    format = style if style in ("s", "ms") else None
    done = ingest(
        f"sqlite:///{path}", since=since, until=until, timestamp_format=format, attributes={}
    )
    first = datetime(2020, 1, 1, 6, tzinfo=UTC)
    assert sorted(done.table["timestamp"]) == [first + timedelta(hours=h) for h in range(48)]
    assert done.report.read == 48


def test_a_time_without_an_offset_bounds_in_the_zone_of_the_source(
    make: Callable[..., str], ingest: Callable[..., Any]
) -> None:
    rows = [("a", "2020-07-01 00:30", 1, None), ("b", "2020-06-30 23:30", 1, None)]
    done = ingest(make(rows), timezone="Europe/Berlin", since="2020-07-01")
    assert done.table["customer_id"].to_list() == ["a"]


def test_new_rows_are_told_and_rows_outside_the_window_are_not(
    make: Callable[..., str], ingest: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    window = {"since": "2020-01-01", "until": "2020-01-10"}
    uri = make([("a", "2020-01-02", 1, None)])
    ingest(uri, folder, **window)
    make([("a", "2020-01-02", 1, None), ("b", "2020-02-02", 1, None)])
    before = ingest(uri, folder, **window).store.manifest()["inputs"]
    make([("a", "2020-01-02", 1, None), ("b", "2020-01-03", 1, None)])
    done = ingest(uri, folder, **window)
    assert done.store.manifest()["inputs"] != before
    assert done.report.read == 2


def test_unchanged_tables_are_not_read_again(
    make: Callable[..., str],
    ingest: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uri = make(ROWS)
    first = ingest(uri, tmp_path / "store")
    monkeypatch.setattr(database._Adbc, "batches", None)
    assert ingest(uri, tmp_path / "store").reports == first.reports


def test_json_in_a_column_is_mapped_by_path(
    make: Callable[..., str], ingest: Callable[..., Any]
) -> None:
    text = json.dumps({"items": [{"price": 2.5}]})
    attributes = {"price": {"column": "type.items.0.price"}}
    done = ingest(make([("a", "2020-01-01", 1, text)]), attributes=attributes)
    assert done.table["price"].to_list() == [2.5]


def test_an_empty_table_has_no_events(make: Callable[..., str], ingest: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="no event is left"):
        ingest(make([]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"customer_id": "usr"}, r"there is no column usr. Did you mean user\?.*amount, type"),
        ({"timestamp": "type.at"}, r"there is no column type.at"),
        ({"table": "order"}, r"db#order answers: .*no such table: order\. Correct table"),
        ({"table": None, "query": "SELEC 1"}, "answers: .*syntax error"),
        ({"uri": "sqlite:////no/such/shop.db"}, "there is no file /no/such/shop.db"),
        ({"uri": "sqlite:///shop.db"}, "expected an absolute path, not shop.db.*four slashes"),
        ({"uri": "oracle://h/shop"}, r"driver for oracle is not installed.*adbc-driver-oracle"),
        ({"uri": "sqlite:///${NO_SUCH_NAME}"}, "variable NO_SUCH_NAME, which is not set"),
    ],
)
def test_what_a_user_can_get_wrong_is_an_error_of_the_config(
    changes: Row, message: str, make: Callable[..., str], ingest: Callable[..., Any]
) -> None:
    with pytest.raises(ConfigError, match=message):
        ingest(**{"uri": make(ROWS), **changes})


def test_a_driver_that_is_not_installed_is_named(
    make: Callable[..., str], ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(ConfigError, match=r"sqlite is not installed.*install 'seqchurn\[sql\]'"):
        ingest(make(ROWS))
    monkeypatch.setitem(sys.modules, "connectorx", None)
    with pytest.raises(ConfigError, match="mysql is not installed.*pip install connectorx"):
        ingest("mysql://db/shop")


def test_a_file_that_is_no_database_or_breaks_off_is_no_bug(
    make: Callable[..., str], ingest: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("user,at,amount\n" * 100)
    with pytest.raises(ConfigError, match="file is not a database"):
        ingest(f"sqlite:///{tmp_path}/text.db")
    path = Path(make([("a", "2020-01-01", 1, "x" * 100)] * 5_000).removeprefix("sqlite:///"))
    whole = path.read_bytes()
    path.write_bytes(whole[:40_000] + b"\xab" * (len(whole) - 40_000))
    with pytest.raises((EnvironmentFailure, ConfigError), match="malformed"):
        ingest(f"sqlite:///{path}")


def test_a_full_disk_is_told_as_such(
    make: Callable[..., str], ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = sql._checked

    def refuse_rows(batch: pl.DataFrame) -> pl.DataFrame:
        if batch.height:
            raise OSError(28, "No space left on device")
        return checked(batch)

    monkeypatch.setattr(database, "_BATCH_ROWS", 2)
    monkeypatch.setattr(sql, "_checked", refuse_rows)
    with pytest.raises(EnvironmentFailure, match=r"could not prepare the table.*No space left"):
        ingest(make(ROWS))


def test_a_login_stands_in_no_message(
    ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cr@t/word")
    uri = "postgresql://clerk:${SHOP_PASSWORD}@127.0.0.1:9/shop?connect_timeout=3"
    with pytest.raises(EnvironmentFailure, match=r"postgresql://127.0.0.1:9/shop#orders") as caught:
        ingest(uri)
    for secret in ("s3cr@t/word", quote("s3cr@t/word", safe=""), "clerk"):
        assert secret not in str(caught.value)


def test_a_driver_that_repeats_the_login_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cr@t")
    uri = "mysql://clerk:${SHOP_PASSWORD}@db/shop"
    source = SqlSource.model_validate({**ORDERS, "kind": "sql", "table": "orders", "uri": uri})
    said = RuntimeError("Access denied for mysql://clerk:s3cr%40t@db/shop (s3cr@t)")
    text = database._answer(source, "mysql://clerk:s3cr%40t@db/shop", said)
    assert "s3cr" not in text
    assert "Access denied" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"uri": "postgresql://clerk:word@db/shop"}, "a password stands in it"),
        ({"uri": "postgresql://db/shop?password=word"}, "a password stands in it"),
        ({"uri": "shop.db"}, "does not say what kind of database"),
        ({"query": "SELECT 1"}, "exactly one of table"),
        ({"table": None}, "exactly one of table"),
        ({"since": "2020-01-02", "until": "2020-01-02"}, "not before until"),
        ({"since": "2020-01-02", "timestamp_format": "%d/%m/%Y"}, "cannot bound text like %d"),
    ],
)
def test_a_config_that_asks_for_the_impossible_is_refused(changes: Row, message: str) -> None:
    source = {**ORDERS, "kind": "sql", "table": "orders", "uri": "sqlite:////shop.db", **changes}
    with pytest.raises(ValidationError, match=message):
        SqlSource.model_validate(source)


@pytest.fixture
def postgres() -> Iterator[str]:
    """URI of a PostgreSQL database with rows in a table of every style of time."""
    uri = os.environ.get("SEQCHURN_TEST_POSTGRES")
    if uri is None:
        pytest.skip("SEQCHURN_TEST_POSTGRES names no PostgreSQL database")
    from adbc_driver_postgresql import dbapi

    statements = [
        "DROP SCHEMA IF EXISTS seqchurn_test CASCADE",
        "CREATE SCHEMA seqchurn_test",
        """CREATE TABLE seqchurn_test."Orders" ("user" uuid, zoned timestamptz, local timestamp,
            day date, text varchar, seconds double precision, amount numeric(12, 2), more jsonb)""",
        """INSERT INTO seqchurn_test."Orders" SELECT
            gen_random_uuid(), t, t AT TIME ZONE 'Europe/Berlin', (t AT TIME ZONE 'Europe/Berlin'),
            to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), extract(epoch FROM t),
            2.50, '{"price": 2.5}'
            FROM generate_series(timestamptz '2020-01-01Z', '2020-02-01Z', '1 hour') t""",
    ]
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()
    yield uri
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(statements[0])
        connection.commit()


@pytest.mark.parametrize(
    ("column", "changes", "expected"),
    [
        ("zoned", {"timezone": None}, 48),
        ("local", {"timezone": "Europe/Berlin"}, 48),
        ("text", {"timezone": None}, 48),
        ("seconds", {"timestamp_format": "s"}, 48),
        ("day", {"timezone": "Europe/Berlin"}, 48),
    ],
)
def test_postgres_answers_alike_for_every_type_of_time(
    column: str,
    changes: Row,
    expected: int,
    postgres: str,
    ingest: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_DATABASE", postgres)
    window = {"since": "2020-01-10T00:00:00+01:00", "until": "2020-01-12T00:00:00+01:00"}
    attributes = {"amount": {"column": "amount"}, "price": {"column": "more.price"}}
    done = ingest(
        "${SHOP_DATABASE}",
        table="seqchurn_test.Orders",
        timestamp=column,
        attributes=attributes,
        **window,
        **changes,
    )
    assert done.report.read == done.report.kept == expected
    first, last = done.table["timestamp"].min(), done.table["timestamp"].max()
    start = datetime(2020, 1, 9, 23, tzinfo=UTC)
    assert first == start
    assert last == start + timedelta(hours=24 if column == "day" else 47)
    assert set(done.table["amount"]) == set(done.table["price"]) == {2.5}
    assert done.table["customer_id"].str.len_chars().unique().to_list() == [36]


def test_postgres_says_what_is_wrong(
    postgres: str, ingest: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE", postgres)
    table = "seqchurn_test.Orders"
    with pytest.raises(ConfigError, match='relation "nope" does not exist.*Correct table'):
        ingest("${SHOP_DATABASE}", table="nope")
    with pytest.raises(ConfigError, match="there is no column usr. Did you mean user"):
        ingest("${SHOP_DATABASE}", table=table, timestamp="zoned", customer_id="usr")
    with pytest.raises(ConfigError, match="invalid input syntax.*Correct table"):
        ingest("${SHOP_DATABASE}", table=table, timestamp="seconds", since="2020-01-01")
    twice = "SELECT 1 AS at, 2 AS at, 3 AS amount, 4 AS user"
    with pytest.raises(ConfigError, match='"at" is ambiguous'):
        ingest("${SHOP_DATABASE}", table=None, query=twice)
    monkeypatch.setenv("SHOP_DATABASE", postgres.replace("@", "x@"))
    with pytest.raises(EnvironmentFailure, match="Check that the database runs") as caught:
        ingest("${SHOP_DATABASE}", table="nope")
    assert postgres.partition("@")[0].rpartition(":")[2] not in str(caught.value)


def test_all_of_a_long_table_is_read_in_bounded_pieces(
    ingest: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "long.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE orders ("user", at, amount)')
        connection.execute(
            """WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 149999)
            INSERT INTO orders SELECT i % 1000, datetime(1577836800 + i, 'unixepoch'), i FROM n"""
        )
    done = ingest(f"sqlite:///{path}")
    assert done.report.kept == 150_000
    assert done.table.select(pl.col("amount").cast(pl.Float64).sum()).item() == 149_999 * 75_000
