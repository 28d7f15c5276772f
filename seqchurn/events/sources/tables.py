"""Small tables -> raw frame: customers' attributes, links, and what a log looks up.

The format is told by the ending of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from seqchurn.config.sources import CustomersSource, LinksSource
from seqchurn.errors import ConfigError
from seqchurn.events.sources import csv, ndjson, parquet
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import read_each, resolve_path, scan_each

__all__ = ["read", "read_table"]


def read(
    source: CustomersSource | LinksSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of a table of customers or links, a frame a file.

    Args:
        source: Its section of the config.
        files: The files.
        scratch: Not needed.
        tolerant: As for CSV and NDJSON; a damaged Parquet file is refused.

    Raises:
        ConfigError: If the ending of a file is of another format.
    """
    del scratch
    names = raw_columns(source)
    scan = partial(_scan_table, columns=names, source=source.name, tolerant=tolerant)
    return scan_each(files, scan, path=source.path, source=source.name)


def read_table(path: str, columns: Sequence[str], *, source: str) -> pl.LazyFrame:
    """Records of CSV, Parquet or NDJSON files.

    Args:
        path: As in the config.
        columns: Columns in use.
        source: Name of the source, for messages.

    Returns:
        With `MALFORMED`, a line that is no record, where a CSV file has such lines.

    Raises:
        ConfigError: If there is no file, or the ending is of another format.
    """
    scan = partial(_scan_table, columns=columns, source=source)
    return read_each(resolve_path(path, source=source), scan)


def _scan_table(
    file: Path, columns: Sequence[str], *, source: str, tolerant: bool = False
) -> pl.LazyFrame:
    """Records of one CSV, Parquet or NDJSON file.

    Raises:
        ConfigError: If the ending is of another format.
    """
    match file.suffix.lower():
        case ".csv":
            return csv.scan_checked(file, columns, tolerant=tolerant)
        case ".parquet" | ".pq":
            return parquet.scan(file)
        case ".ndjson" | ".jsonl":
            return ndjson.scan(file, columns, tolerant=tolerant)
    raise ConfigError(
        f"[events] source {source}: cannot tell the format of {file.name} from its ending; "
        "expected .csv, .parquet or .ndjson. Rename or convert the file."
    )
