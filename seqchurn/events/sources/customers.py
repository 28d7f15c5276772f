"""Small tables -> raw frame: the customers' attributes, and what a log looks up.

The format is told by the ending of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seqchurn.config.sources import CustomersSource
from seqchurn.errors import ConfigError
from seqchurn.events.sources import csv, ndjson, parquet
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import read_each, resolve_path

__all__ = ["read", "read_table"]


def read(source: CustomersSource, *, tolerant: bool = False) -> pl.LazyFrame:
    """Records of a table of customers; a damaged file is refused, `tolerant` or not."""
    del tolerant
    return read_table(source.path, raw_columns(source), source=source.name)


def read_table(path: str, columns: Sequence[str], *, source: str) -> pl.LazyFrame:
    """Records of a CSV, Parquet or NDJSON file.

    Args:
        path: As in the config.
        columns: Columns in use.
        source: Name of the source, for messages.

    Raises:
        ConfigError: If the ending is of another format.
    """

    def scan(file: Path) -> pl.LazyFrame:
        match file.suffix.lower():
            case ".csv":
                return csv.scan(file)
            case ".parquet" | ".pq":
                return parquet.scan(file)
            case ".ndjson" | ".jsonl":
                return ndjson.scan(file, columns)
        raise ConfigError(
            f"[events] source {source}: cannot tell the format of {file.name} from its ending; "
            "expected .csv, .parquet or .ndjson. Rename or convert the file."
        )

    return read_each(resolve_path(path, source=source), scan)
