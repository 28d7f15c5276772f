"""A Delta Lake table -> raw frame of one version, columns with the types they were stored with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from seqchurn.config.sources import DeltaSource
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.events.sources.files import FILE, RECORD

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["read", "state"]


def read(source: DeltaSource, *, tolerant: bool = False) -> pl.LazyFrame:
    """Records of a Delta source; `FILE` is the table with its version, as orders@7.

    Args:
        source: Its section of the config.
        tolerant: Changes nothing; a damaged file of the table is refused.

    Raises:
        ConfigError: If the extra `lake`, the table or the version is missing.
        EnvironmentFailure: If the storage fails.
    """
    del tolerant
    table = _table(source)
    file = f"{source.path}@{table.version()}"
    return (
        pl.scan_delta(table)
        .with_row_index(RECORD)
        .with_columns(pl.col(RECORD).cast(pl.Int64), pl.lit(file).alias(FILE))
    )


def state(source: DeltaSource) -> list[str]:
    """What tells that a log has changed: the identity of the table, and its version.

    Raises:
        ConfigError: As `read`.
        EnvironmentFailure: As `read`.
    """
    table = _table(source)
    return [source.path, str(table.metadata().id), str(table.version())]


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
