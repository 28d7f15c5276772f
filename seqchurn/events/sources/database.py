"""A database of the config -> answers to queries, as frames; its failures in our words.

SQLite, PostgreSQL and whatever else has an ADBC driver answer in batches; MySQL and Redshift go
through connectorx, which answers in one piece. No message tells a password.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from seqchurn.config.database_uri import expanded, secrets_of, without_credentials
from seqchurn.config.sources import SqlSource
from seqchurn.errors import ConfigError, EnvironmentFailure

__all__ = ["NULL_TEXT", "Database", "connected", "location"]

_ALIASES = {"postgres": "postgresql", "grpc": "flightsql", "mariadb": "mysql"}
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
    def __init__(self, connection: Any, source: SqlSource, uri: str) -> None:
        self._connection = connection
        self._place = (source, uri)
        if _kind(uri) == "sqlite":  # a column that starts with many nulls would count as numbers
            self.text = "COALESCE(CAST({} AS VARCHAR), CHAR(0))"
        if _kind(uri) == "postgresql":  # stamps as ISO 8601, whatever the server is set to
            with _in_our_words(source, uri), closing(connection.cursor()) as cursor:
                cursor.execute("SET TIME ZONE 'UTC'")
                cursor.execute("SET DateStyle = 'ISO'")

    def batches(self, query: str) -> Generator[pl.DataFrame]:
        with _in_our_words(*self._place), closing(self._connection.cursor()) as cursor:
            if _kind(self._place[1]) == "sqlite":
                rows = {"adbc.sqlite.query.batch_rows": str(_BATCH_ROWS)}
                cursor.adbc_statement.set_options(**rows)
            yield from pl.read_database(query, cursor, iter_batches=True, batch_size=_BATCH_ROWS)

    def answer(self, query: str) -> pl.DataFrame:
        with _in_our_words(*self._place), closing(self._connection.cursor()) as cursor:
            return pl.read_database(query, cursor)

    def columns(self, query: str) -> list[str]:  # of types that Polars need not know
        with _in_our_words(*self._place), closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            return [name for name, *_ in cursor.description]


class _ConnectorX(Database):
    def __init__(self, source: SqlSource, uri: str) -> None:
        self._place = (source, uri)
        if _kind(uri) == "mysql":
            self.quote, self.text = "`", "CAST({} AS CHAR)"
        else:
            self.text = "CAST({} AS VARCHAR(65535))"

    def batches(self, query: str) -> Generator[pl.DataFrame]:
        yield self.answer(query)

    def answer(self, query: str) -> pl.DataFrame:
        source, uri = self._place
        try:
            return pl.read_database_uri(query, uri, engine="connectorx")
        except RuntimeError as error:  # all that it raises
            raise _failed(source, uri, error) from None

    def columns(self, query: str) -> list[str]:
        return self.answer(query).columns


@contextmanager
def connected(source: SqlSource) -> Iterator[Database]:
    """The database of a source, open inside the `with` block.

    Raises:
        ConfigError: If there is no driver, environment variable or file for it.
        EnvironmentFailure: If it cannot be reached or lets nobody in.
    """
    uri = _uri(source)
    kind = _kind(uri)
    if kind in _CONNECTORX:
        _driver(source, kind, "connectorx", "connectorx")
        yield _ConnectorX(source, uri)
        return
    remedy = f"adbc-driver-{kind}" if kind not in ("sqlite", "postgresql") else "'seqchurn[sql]'"
    driver = _driver(source, kind, f"adbc_driver_{kind}.dbapi", remedy)
    with _in_our_words(source, uri, connecting=True):
        connection = driver.connect(_address(source, uri))
    with closing(connection):
        yield _Adbc(connection, source, uri)


def location(source: SqlSource) -> str:
    """The database and the table, without login: what the quarantine names as the file."""
    return f"{without_credentials(_uri(source))}#{source.table or 'query'}"


def _uri(source: SqlSource) -> str:
    try:
        return expanded(source.uri, os.environ)
    except KeyError as error:
        raise ConfigError(
            f"[events] source {source.name}: uri names the environment variable {error.args[0]}, "
            "which is not set. Set it, then run it again."
        ) from None


def _kind(uri: str) -> str:
    name = uri.partition(":")[0].lower()
    return _ALIASES.get(name, name)


def _driver(source: SqlSource, kind: str, module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise ConfigError(
            f"[events] source {source.name}: the driver for {kind} is not installed. Correct the "
            f"start of uri ({source.uri}), or install it: pip install {package}."
        ) from None


def _address(source: SqlSource, uri: str) -> str:
    """What the driver is called with; SQLite so that it only reads, and makes no empty file."""
    kind, _, rest = uri.partition(":")
    if kind == "snowflake":
        return rest.removeprefix("//")
    if kind != "sqlite":
        return uri
    path = Path(rest.removeprefix("///"))
    if not path.is_absolute() or not path.is_file():
        problem = "there is no file" if path.is_absolute() else "expected an absolute path, not"
        raise ConfigError(
            f"[events] source {source.name}: {problem} {path}. Write uri with four slashes, as in "
            "sqlite:////folder/shop.db, and correct the path."
        )
    return f"file:{quote(str(path))}?mode=ro"


@contextmanager
def _in_our_words(source: SqlSource, uri: str, *, connecting: bool = False) -> Iterator[None]:
    """Failures of a driver as errors of the config or of the environment, without secrets."""
    from adbc_driver_manager import DataError, Error, ProgrammingError

    try:
        yield
    except (ProgrammingError, DataError) as error:
        if connecting:
            raise _failed(source, uri, error) from None
        raise ConfigError(
            f"{_answer(source, uri, error)}. Correct table, query, column names or since and until."
        ) from None
    except (Error, OSError) as error:  # an OSError: in the middle of the rows
        raise _failed(source, uri, error) from None


def _failed(source: SqlSource, uri: str, error: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"{_answer(source, uri, error)}. Check that the database runs and lets this login read, "
        "then run it again."
    )


def _answer(source: SqlSource, uri: str, error: Exception) -> str:
    said = " ".join(re.split("\n(?:query|Query was):", str(error))[0].split()).rstrip(".")
    for secret in secrets_of(uri):
        said = said.replace(secret, "***")
    return f"[events] source {source.name}: {location(source)} answers: {said}"
