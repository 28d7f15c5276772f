"""A Delta Lake table -> raw frame of one version, columns with the types they were stored with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from seqchurn.config.sources import DeltaSource
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.events.sources.files import FILE, RECORD

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["read", "state"]


def read(
    source: DeltaSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of a Delta source; `FILE` is the table with its version, as orders@7.

    Args:
        source: Its section of the config.
        files: None.
        scratch: Not needed.
        tolerant: Changes nothing; a damaged file of the table is refused.

    Raises:
        ConfigError: If the extra `lake`, the table or the version is missing.
        EnvironmentFailure: If the storage fails.
    """
    del files, scratch, tolerant
    table = _table(source)
    raw = pl.scan_delta(table).with_row_index(RECORD)
    place = pl.lit(_place(source, table)).alias(FILE)
    return [raw.with_columns(pl.col(RECORD).cast(pl.Int64), place)]


def state(source: DeltaSource) -> tuple[str, list[str]]:
    """What `FILE` says, and what tells that the log has changed: the table and its version.

    Raises:
        ConfigError: As `read`.
        EnvironmentFailure: As `read`.
    """
    table = _table(source)
    return _place(source, table), [str(table.metadata().id), str(table.version())]


def _place(source: DeltaSource, table: DeltaTable) -> str:
    return f"{source.path}@{table.version()}"


def _table(source: DeltaSource) -> DeltaTable:
    place = f"[events] source {source.name}"
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError
    except ModuleNotFoundError:
        raise ConfigError(
            f"{place}: kind delta needs the package deltalake, which is not installed. Install it: "
            "pip install 'seqchurn[lake]'."
        ) from None
    try:
        return DeltaTable(source.path, version=source.version)
    except TableNotFoundError as error:
        raise ConfigError(
            f"{place}: no Delta table at {source.path} ({_first_line(error)}). Correct its path; a "
            "relative folder starts at the config file."
        ) from None
    except DeltaError as error:
        version = "" if source.version is None else f", version {source.version},"
        raise ConfigError(
            f"{place}: the Delta table at {source.path}{version} cannot be opened "
            f"({_first_line(error)}). Correct path or version, or repair the table."
        ) from None
    except OSError as error:
        raise EnvironmentFailure(
            f"{place}: {source.path} cannot be reached ({_first_line(error)}). Check the storage "
            "and the credentials in the environment, then run it again."
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
