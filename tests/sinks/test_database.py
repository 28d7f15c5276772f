"""A table of a database: one row per customer and day, all rows of a batch or none."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.sinks import Sink
from tests.sinks.tables import DAY

LOCKING = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
SECRET = "planted-p@ssword"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/crm 1%.db"


@pytest.fixture
def postgres() -> Iterator[str]:
    """URI of a PostgreSQL database with an empty schema seqchurn_sink."""
    uri = os.environ.get("SEQCHURN_TEST_POSTGRES")
    if uri is None:
        pytest.skip("SEQCHURN_TEST_POSTGRES names no PostgreSQL database")
    from adbc_driver_postgresql import dbapi

    drop = "DROP SCHEMA IF EXISTS seqchurn_sink CASCADE"
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(drop)
        cursor.execute("CREATE SCHEMA seqchurn_sink")
        connection.commit()
    yield uri
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(drop)
        connection.commit()


@pytest.fixture
def database(
    sink: Callable[..., Sink], sqlite: str, tmp_path: Path
) -> tuple[Callable[..., Sink], Callable[[str], list[Any]]]:
    """A sink, and what its database answers to a query."""

    def ask(query: str) -> list[Any]:
        with closing(sqlite3.connect(tmp_path / "crm 1%.db")) as connection:
            return connection.execute(query).fetchall()

    return lambda **changes: sink(
        **{"kind": "database", "uri": sqlite, "table": "scores", **changes}
    ), ask


Database = tuple[Callable[..., Sink], Callable[[str], list[Any]]]


def test_a_table_is_made_with_a_row_per_customer_and_day(
    database: Database, rows: Callable[..., pl.DataFrame]
) -> None:
    sink, ask = database
    batch = rows({"ann": 0.25, "bob": 0.75})
    sink().send(batch)
    sink().send(rows({"ann": 0.5}, as_of=DAY + timedelta(days=1)))
    assert ask("SELECT customer_id, substr(as_of, 1, 10), p_churn, band, likely FROM scores") == [
        ("ann", "2024-06-15", 0.25, 1, 0),
        ("bob", "2024-06-15", 0.75, 3, 1),
        ("ann", "2024-06-16", 0.5, 2, 0),
    ]
    assert [name for _, name, *_ in ask("PRAGMA table_info(scores)")] == batch.columns
    assert ask("SELECT quiet_days FROM scores LIMIT 1") == [(None,)]
    ids = [message_id for (message_id,) in ask("SELECT message_id FROM scores LIMIT 2")]
    assert ids == batch["message_id"].to_list()


def test_the_same_rows_again_and_changed_rows_take_their_own_place(
    database: Database, rows: Callable[..., pl.DataFrame]
) -> None:
    sink, ask = database
    for risks in ({"ann": 0.25, "bob": 0.75}, {"ann": 0.25, "bob": 0.75}, {"bob": 0.1}):
        sink().send(rows(risks))
    assert ask("SELECT customer_id, p_churn FROM scores ORDER BY 1") == [
        ("ann", 0.25),
        ("bob", 0.1),
    ]


def test_of_a_batch_that_fails_nothing_stays(
    database: Database, rows: Callable[..., pl.DataFrame]
) -> None:
    sink, ask = database
    sink().send(rows({"ann": 0.25}))
    twice = pl.concat([rows({"ann": 0.75, "bob": 0.5}), rows({"bob": 0.5})])
    with pytest.raises(EnvironmentFailure, match="UNIQUE constraint failed.*lets this login write"):
        sink().send(twice)
    assert ask("SELECT customer_id, p_churn FROM scores") == [("ann", 0.25)]


def test_values_are_bound_and_never_read_as_sql(
    database: Database, rows: Callable[..., pl.DataFrame]
) -> None:
    sink, ask = database
    nasty = "a'); DROP TABLE scores; --"
    sink().send(rows({nasty: 0.25, '"': 0.5, "?": 0.5, "ünï": 0.5}))
    sink().send(rows({nasty: 0.75}))
    found = dict(ask("SELECT customer_id, p_churn FROM scores"))
    assert found == {nasty: 0.75, '"': 0.5, "?": 0.5, "ünï": 0.5}


def test_a_table_of_ones_own_needs_the_columns_and_keeps_others(
    database: Database, rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    sink, ask = database
    with closing(sqlite3.connect(tmp_path / "crm 1%.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE mine (note, customer_id, as_of, p_churn, band, message_id)"
        )
    batch = rows({"ann": 0.25}).select("customer_id", "as_of", "p_churn", "band", "message_id")
    sink(table="mine").send(batch)
    assert ask("SELECT note, customer_id, band FROM mine") == [(None, "ann", 1)]
    with pytest.raises(
        ConfigError, match=r"crm: sqlite:.*#mine answers: .*likely.* give it the columns that are"
    ):
        sink(table="mine").send(rows({"ann": 0.25}).select(*batch.columns, "likely"))


def test_a_folder_that_there_is_not_is_told(
    database: Database, rows: Callable[..., pl.DataFrame]
) -> None:
    sink, _ = database
    with pytest.raises(ConfigError, match="crm: there is no folder for /no/such/crm.db"):
        sink(uri="sqlite:////no/such/crm.db").send(rows({"ann": 0.25}))


def test_a_database_that_is_locked_may_be_free_later(
    database: Database, rows: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    sink, ask = database
    sink().send(rows({"ann": 0.25}))
    with subprocess.Popen(
        [sys.executable, "-c", LOCKING, str(tmp_path / "crm 1%.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:  # another process: locks of SQLite do not keep one process from itself
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(EnvironmentFailure, match="database is locked.*Check that the database"):
            sink().send(rows({"bob": 0.25}))
        other.communicate()
    sink().send(rows({"bob": 0.25}))
    assert ask("SELECT count(*) FROM scores") == [(2,)]


def test_a_password_stands_in_no_message(
    sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_PASSWORD", SECRET)
    uri = "postgresql://clerk:${CRM_PASSWORD}@127.0.0.1:9/crm?connect_timeout=3"
    with pytest.raises(EnvironmentFailure, match=r"postgresql://127.0.0.1:9/crm#s.t") as caught:
        sink(kind="database", uri=uri, table="s.t").send(rows({"ann": 0.25}))
    for secret in (SECRET, SECRET.replace("@", "%40"), "clerk"):
        assert secret not in str(caught.value)


def test_postgres_holds_rows_by_customer_and_day(
    sink: Callable[..., Sink],
    rows: Callable[..., pl.DataFrame],
    postgres: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CRM_DATABASE", postgres)
    crm = sink(kind="database", uri="${CRM_DATABASE}", table="seqchurn_sink.Scores")
    first = rows({"ann": 0.25, "bob's": 0.75})
    for batch in (first, first, rows({"bob's": 0.1}), rows({"ann": 0.5}, as_of=DAY + timedelta(1))):
        crm.send(batch)
    from adbc_driver_postgresql import dbapi

    query = 'SELECT * FROM seqchurn_sink."Scores" ORDER BY as_of, customer_id'
    with dbapi.connect(postgres) as connection:
        found = pl.read_database(query, connection)
    assert found.columns == first.columns
    assert found["customer_id"].to_list() == ["ann", "bob's", "ann"]
    assert found["p_churn"].to_list() == [0.25, 0.1, 0.5]
    assert found["likely"].to_list() == [False, False, False]
    assert found["as_of"].to_list() == [DAY, DAY, DAY + timedelta(1)]
    assert found["quiet_days"].null_count() == 3
    twice = pl.concat([rows({"cid": 0.5}), rows({"cid": 0.5})])
    with pytest.raises((EnvironmentFailure, ConfigError), match="duplicate key value"):
        crm.send(twice)
    with dbapi.connect(postgres) as connection:
        assert pl.read_database(query, connection).height == 3
