from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.events.sources.sql_orders import ORDERS


@pytest.fixture
def sqlite(tmp_path: Path) -> Callable[..., str]:
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
def from_sql(run: Callable[..., Any]) -> Callable[..., Any]:
    def ingest_orders(uri: str, folder: Path | None = None, **changes: Any) -> Any:
        source = {**ORDERS, "kind": "sql", "table": "orders", "uri": uri, **changes}
        return run(
            {key: value for key, value in source.items() if value is not None}, folder=folder
        )

    return ingest_orders
