"""Rows -> a table of a database with one row per customer and `as_of`; a batch is a transaction.

Rows of the same keys are deleted before the new ones go in: plain SQL, tested with SQLite and
PostgreSQL. Values are bound as parameters; names are quoted.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import polars as pl
import polars.selectors as cs

from seqchurn.config.deliveries import DatabaseDelivery
from seqchurn.databases import Site
from seqchurn.schema import CUSTOMER_ID
from seqchurn.sinks.sink import Sink

__all__ = ["DatabaseSink"]

_KEYS = [CUSTOMER_ID, "as_of"]
_TYPES: dict[Any, str] = {
    pl.Boolean: "BOOLEAN",
    pl.Datetime: "TIMESTAMP WITH TIME ZONE",
    pl.Float64: "DOUBLE PRECISION",
    pl.Int32: "INTEGER",
    pl.String: "VARCHAR",
}


class DatabaseSink(Sink):
    """A table of a database."""

    def __init__(self, name: str, delivery: DatabaseDelivery) -> None:
        self._site = Site(f"[deliveries] {name}", delivery.uri, delivery.table, writes=True)
        self._table = ".".join(_quoted(part) for part in delivery.table.split("."))

    def send(self, rows: pl.DataFrame) -> None:
        """Put the rows in the place of those of the same customers and `as_of`, all or none.

        Raises:
            ConfigError: If a driver, environment variable or column is missing.
            EnvironmentFailure: If the database fails.
        """
        if self._site.kind == "sqlite":  # it has no type for times
            rows = rows.with_columns(cs.datetime().dt.to_string("iso:strict"))
        with (
            self._site.connected() as connection,
            self._site.in_our_words(),
            closing(connection.cursor()) as cursor,
        ):
            cursor.execute(self._create(rows))
            cursor.executemany(self._delete(), rows.select(_KEYS).to_arrow())
            cursor.executemany(self._insert(rows), rows.to_arrow())
            connection.commit()

    def _create(self, rows: pl.DataFrame) -> str:
        columns = [f"{_quoted(name)} {_TYPES[type(t)]}" for name, t in rows.schema.items()]
        columns += [f"PRIMARY KEY ({', '.join(map(_quoted, _KEYS))})"]
        return f"CREATE TABLE IF NOT EXISTS {self._table} ({', '.join(columns)})"

    def _delete(self) -> str:
        matches = (
            f"{_quoted(key)} = {mark}" for key, mark in zip(_KEYS, self._marks(2), strict=True)
        )
        return f"DELETE FROM {self._table} WHERE {' AND '.join(matches)}"

    def _insert(self, rows: pl.DataFrame) -> str:
        names, marks = ", ".join(map(_quoted, rows.columns)), ", ".join(self._marks(rows.width))
        return f"INSERT INTO {self._table} ({names}) VALUES ({marks})"

    def _marks(self, count: int) -> list[str]:
        """What stands for values in a statement."""
        numbered = self._site.kind == "postgresql"
        return [f"${number}" if numbered else "?" for number in range(1, count + 1)]


def _quoted(name: str) -> str:
    """A name in a statement; those of the config and the score table hold no quotes."""
    return f'"{name}"'
