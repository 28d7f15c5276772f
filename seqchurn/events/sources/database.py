"""A database of the config -> answers to queries, as frames; its failures in our words.

SQLite, PostgreSQL and whatever else has an ADBC driver answer in batches; MySQL and Redshift go
through connectorx, which answers in one piece. No message tells a password.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

import polars as pl

from seqchurn.config.sources import SqlSource
from seqchurn.databases import Site

__all__ = ["NULL_TEXT", "Database", "connected", "location"]

_CONNECTORX = ("mysql", "redshift")
_BATCH_ROWS = 65_536

NULL_TEXT = "\0"
"""What null may be as text."""


class Database(ABC):
    """An open database."""

    quote = '"'
    """What stands around a name."""
    text = "CAST({} AS VARCHAR)"
    """A value as text; `NULL_TEXT` may stand for null."""

    @abstractmethod
    def batches(self, query: str) -> Generator[pl.DataFrame]:
        """Rows of a query, some at a time; close it before the database.

        Raises:
            ConfigError: If the database does not understand the query.
            EnvironmentFailure: If it fails.
        """

    @abstractmethod
    def answer(self, query: str) -> pl.DataFrame:
        """All rows of a query that has few; raises as `batches` does."""

    @abstractmethod
    def columns(self, query: str) -> list[str]:
        """Names of the columns of a query without rows; raises as `batches` does."""


class _Adbc(Database):
    def __init__(self, connection: Any, site: Site) -> None:
        self._connection, self._site = connection, site
        if site.kind == "sqlite":  # a column that starts with many nulls would count as numbers
            self.text = "COALESCE(CAST({} AS VARCHAR), CHAR(0))"
        if site.kind == "postgresql":  # stamps as ISO 8601, whatever the server is set to
            with site.in_our_words(), closing(connection.cursor()) as cursor:
                cursor.execute("SET TIME ZONE 'UTC'")
                cursor.execute("SET DateStyle = 'ISO'")

    def batches(self, query: str) -> Generator[pl.DataFrame]:
        with self._site.in_our_words(), closing(self._connection.cursor()) as cursor:
            if self._site.kind == "sqlite":
                rows = {"adbc.sqlite.query.batch_rows": str(_BATCH_ROWS)}
                cursor.adbc_statement.set_options(**rows)
            yield from pl.read_database(query, cursor, iter_batches=True, batch_size=_BATCH_ROWS)

    def answer(self, query: str) -> pl.DataFrame:
        with self._site.in_our_words(), closing(self._connection.cursor()) as cursor:
            return pl.read_database(query, cursor)

    def columns(self, query: str) -> list[str]:  # of types that Polars need not know
        with self._site.in_our_words(), closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            return [name for name, *_ in cursor.description]


class _ConnectorX(Database):
    def __init__(self, site: Site) -> None:
        self._site = site
        if site.kind == "mysql":
            self.quote, self.text = "`", "CAST({} AS CHAR)"
        else:
            self.text = "CAST({} AS VARCHAR(65535))"

    def batches(self, query: str) -> Generator[pl.DataFrame]:
        yield self.answer(query)

    def answer(self, query: str) -> pl.DataFrame:
        try:
            return pl.read_database_uri(query, self._site.uri, engine="connectorx")
        except RuntimeError as error:  # all that it raises
            raise self._site.failed(error) from None

    def columns(self, query: str) -> list[str]:
        return self.answer(query).columns


@contextmanager
def connected(source: SqlSource) -> Iterator[Database]:
    """The database of a source, open inside the `with` block.

    Raises:
        ConfigError: If there is no driver, environment variable or file for it.
        EnvironmentFailure: If it cannot be reached or lets nobody in.
    """
    site = _site(source)
    if site.kind in _CONNECTORX:
        site.driver("connectorx", "connectorx")
        yield _ConnectorX(site)
        return
    with site.connected() as connection:
        yield _Adbc(connection, site)


def location(source: SqlSource) -> str:
    """The database and the table, without login: what the quarantine names as the file."""
    return _site(source).location


def _site(source: SqlSource) -> Site:
    return Site(f"[events] source {source.name}", source.uri, source.table or "query")
