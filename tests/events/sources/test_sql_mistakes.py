from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from pydantic import ValidationError

from seqchurn.config.sources import SqlSource
from seqchurn.databases import Site
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.events.sources import database, sql
from tests.events.sources.sql_orders import ORDERS, ROWS, Row


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
    changes: Row, message: str, sqlite: Callable[..., str], from_sql: Callable[..., Any]
) -> None:
    with pytest.raises(ConfigError, match=message):
        from_sql(**{"uri": sqlite(ROWS), **changes})


def test_a_driver_that_is_not_installed_is_named(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(ConfigError, match=r"sqlite is not installed.*install 'seqchurn\[sql\]'"):
        from_sql(sqlite(ROWS))
    monkeypatch.setitem(sys.modules, "connectorx", None)
    with pytest.raises(ConfigError, match="mysql is not installed.*pip install connectorx"):
        from_sql("mysql://db/shop")


def test_a_file_that_is_no_database_or_breaks_off_is_no_bug(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("user,at,amount\n" * 100)
    with pytest.raises(ConfigError, match="file is not a database"):
        from_sql(f"sqlite:///{tmp_path}/text.db")
    path = Path(sqlite([("a", "2020-01-01", 1, "x" * 100)] * 5_000).removeprefix("sqlite:///"))
    whole = path.read_bytes()
    path.write_bytes(whole[:40_000] + b"\xab" * (len(whole) - 40_000))
    with pytest.raises((EnvironmentFailure, ConfigError), match="malformed"):
        from_sql(f"sqlite:///{path}")


def test_a_full_disk_is_told_as_such(
    sqlite: Callable[..., str], from_sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = sql._checked

    def refuse_rows(batch: pl.DataFrame) -> pl.DataFrame:
        if batch.height:
            raise OSError(28, "No space left on device")
        return checked(batch)

    monkeypatch.setattr(database, "_BATCH_ROWS", 2)
    monkeypatch.setattr(sql, "_checked", refuse_rows)
    with pytest.raises(EnvironmentFailure, match=r"could not prepare the table.*No space left"):
        from_sql(sqlite(ROWS))


def test_a_login_stands_in_no_message(
    from_sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cr@t/word")
    uri = "postgresql://clerk:${SHOP_PASSWORD}@127.0.0.1:9/shop?connect_timeout=3"
    with pytest.raises(EnvironmentFailure, match=r"postgresql://127.0.0.1:9/shop#orders") as caught:
        from_sql(uri)
    for secret in ("s3cr@t/word", quote("s3cr@t/word", safe=""), "clerk"):
        assert secret not in str(caught.value)


def test_a_driver_that_repeats_the_login_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cr@t")
    site = Site("[events] source orders", "mysql://clerk:${SHOP_PASSWORD}@db/shop", "orders")
    said = RuntimeError("Access denied for mysql://clerk:s3cr%40t@db/shop (s3cr@t)")
    text = site.answer(said)
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
