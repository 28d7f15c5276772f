from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from seqchurn.errors import ConfigError, EnvironmentFailure
from tests.events.sources.sql_orders import Row


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
    from_sql: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_DATABASE", postgres)
    window = {"since": "2020-01-10T00:00:00+01:00", "until": "2020-01-12T00:00:00+01:00"}
    attributes = {"amount": {"column": "amount"}, "price": {"column": "more.price"}}
    done = from_sql(
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
    postgres: str, from_sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE", postgres)
    table = "seqchurn_test.Orders"
    with pytest.raises(ConfigError, match='relation "nope" does not exist.*Correct table'):
        from_sql("${SHOP_DATABASE}", table="nope")
    with pytest.raises(ConfigError, match="there is no column usr. Did you mean user"):
        from_sql("${SHOP_DATABASE}", table=table, timestamp="zoned", customer_id="usr")
    with pytest.raises(ConfigError, match="invalid input syntax.*Correct table"):
        from_sql("${SHOP_DATABASE}", table=table, timestamp="seconds", since="2020-01-01")
    twice = "SELECT 1 AS at, 2 AS at, 3 AS amount, 4 AS user"
    with pytest.raises(ConfigError, match='"at" is ambiguous'):
        from_sql("${SHOP_DATABASE}", table=None, query=twice)
    monkeypatch.setenv("SHOP_DATABASE", postgres.replace("@", "x@"))
    with pytest.raises(EnvironmentFailure, match="Check that the database runs") as caught:
        from_sql("${SHOP_DATABASE}", table="nope")
    assert postgres.partition("@")[0].rpartition(":")[2] not in str(caught.value)
