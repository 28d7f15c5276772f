"""A source of the config -> its raw records, as a lazy frame.

A new kind of source is one file here, one row in `READERS` and one class in the config.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.config.sources import Source, SqlSource
from seqchurn.errors import DataError
from seqchurn.events.sources import csv, customers, delta, ndjson, parquet, segment, snowplow, sql
from seqchurn.events.sources.columns import raw_columns, require
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, resolve_path
from seqchurn.events.sources.paths import field_names, resolve

__all__ = ["FILE", "MALFORMED", "READERS", "RECORD", "read", "resolve_path"]

READERS: dict[str, Callable[..., pl.LazyFrame]] = {
    "csv": csv.read,
    "parquet": parquet.read,
    "ndjson": ndjson.read,
    "segment": segment.read,
    "snowplow": snowplow.read,
    "sql": sql.read,
    "delta": delta.read,
    "customers": customers.read,
}


def read(source: Source, *, scratch: Path, tolerant: bool = False) -> pl.LazyFrame:
    """Raw records of a source, with `FILE`, `RECORD` and `MALFORMED` (null: a sound record).

    Args:
        source: Its section of the config.
        scratch: Folder to make for what a database answers; it must outlive the frame.
        tolerant: Set damaged lines of text files apart instead of failing; slower.

    Raises:
        ConfigError: If a file, package or column is missing.
        DataError: If the files are empty.
    """
    beside = {"scratch": scratch} if isinstance(source, SqlSource) else {}
    raw = READERS[source.kind](source, tolerant=tolerant, **beside)
    present: dict[str, Any] = raw.collect_schema()
    if present.keys() <= {FILE, RECORD, MALFORMED}:
        raise DataError(
            f"[events] source {source.name}: {source.origin()} is empty. Point it at a log with "
            "records, or remove the source."
        )
    raw = resolve(raw, raw_columns(source))
    named = field_names(raw.collect_schema())
    require(raw_columns(source), named, place=f"[events] source {source.name}")
    if MALFORMED in present:
        return raw
    return raw.with_columns(pl.lit(None, dtype=pl.String).alias(MALFORMED))
