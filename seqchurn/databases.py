"""The URI of a database in a config -> an open ADBC connection; its failures in our words.

Passwords come from the environment, and no message tells one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from seqchurn.config.database_uri import expanded, secrets_of, without_credentials
from seqchurn.errors import ConfigError, EnvironmentFailure

__all__ = ["Site"]

_LOCKED = "database is locked"
"""What SQLite says while another process writes, as if the query were wrong."""
_ALIASES = {"postgres": "postgresql", "grpc": "flightsql", "mariadb": "mysql"}


@dataclass(frozen=True)
class Site:
    """A table of a database, to read or to write, and how messages name it."""

    place: str
    """Of the config, as [events] source orders."""
    written: str
    """The URI as the config has it."""
    table: str
    """Table, or whatever stands for it."""
    writes: bool = False

    @property
    def uri(self) -> str:
        """The URI with the values of its variables.

        Raises:
            ConfigError: If one is not set.
        """
        try:
            uri = expanded(self.written, os.environ)
        except KeyError as error:
            raise ConfigError(
                f"{self.place}: uri names the environment variable {error.args[0]}, which is not "
                "set. Set it, then run it again."
            ) from None
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri):  # whatever it holds, it is not shown
            raise ConfigError(
                f"{self.place}: what {self.written} stands for does not say what kind of database "
                "this is. Let it be as postgresql://user:password@host/database."
            )
        return uri

    @property
    def kind(self) -> str:
        """What kind of database it is, as its driver is called."""
        name = self.uri.partition(":")[0].lower()
        return _ALIASES.get(name, name)

    @property
    def location(self) -> str:
        """The database and the table, without login."""
        return f"{without_credentials(self.uri)}#{self.table}"

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """An ADBC connection, open inside the `with` block; what is not committed is undone.

        Raises:
            ConfigError: If there is no driver, environment variable or file for it.
            EnvironmentFailure: If it cannot be reached or lets nobody in.
        """
        ours = self.kind in ("sqlite", "postgresql")
        remedy = "'seqchurn[sql]'" if ours else f"adbc-driver-{self.kind}"
        driver = self.driver(f"adbc_driver_{self.kind}.dbapi", remedy)
        with self.in_our_words(connecting=True):
            connection = driver.connect(self._address())
        with closing(connection):
            yield connection

    def driver(self, module: str, package: str) -> Any:
        """The module that talks to the database.

        Raises:
            ConfigError: If it is not installed.
        """
        try:
            return import_module(module)
        except ModuleNotFoundError:
            raise ConfigError(
                f"{self.place}: the driver for {self.kind} is not installed. Correct the start of "
                f"uri ({self.written}), or install it: pip install {package}."
            ) from None

    @contextmanager
    def in_our_words(self, *, connecting: bool = False) -> Iterator[None]:
        """Failures of a driver as errors of the config or of the environment, without secrets."""
        from adbc_driver_manager import DataError, Error, ProgrammingError

        try:
            yield
        except (ProgrammingError, DataError) as error:
            if connecting or _LOCKED in str(error):
                raise self.failed(error) from None
            remedy = (
                "Correct table, or give it the columns that are delivered"
                if self.writes
                else "Correct table, query, column names or since and until"
            )
            raise ConfigError(f"{self.answer(error)}. {remedy}.") from None
        except (Error, OSError) as error:  # an OSError: in the middle of the rows
            raise self.failed(error) from None

    def failed(self, error: Exception) -> EnvironmentFailure:
        """What to raise where the database fails and a retry may help."""
        return EnvironmentFailure(
            f"{self.answer(error)}. Check that the database runs and lets this login "
            f"{'write' if self.writes else 'read'}, then run it again."
        )

    def answer(self, error: Exception) -> str:
        """What the database says, without secrets and without the query."""
        said = " ".join(re.split("\n(?:query|Query was):", str(error))[0].split()).rstrip(".")
        for secret in secrets_of(self.uri):
            said = said.replace(secret, "***")
        return f"{self.place}: {self.location} answers: {said}"

    def _address(self) -> str:
        """What the driver is called with; SQLite to read so that it makes no empty file."""
        _, _, rest = self.uri.partition(":")
        if self.kind == "snowflake":
            return rest.removeprefix("//")
        if self.kind != "sqlite":
            return self.uri
        path = Path(rest.removeprefix("///"))
        there = path.parent.is_dir() if self.writes else path.is_file()
        if not path.is_absolute() or not there:
            what = f"there is no {'folder for' if self.writes else 'file'}"
            problem = what if path.is_absolute() else "expected an absolute path, not"
            raise ConfigError(
                f"{self.place}: {problem} {path}. Write uri with four slashes, as in "
                "sqlite:////folder/shop.db, and correct the path."
            )
        return f"file:{quote(str(path))}?mode={'rwc' if self.writes else 'ro'}"
