"""A source of the config -> its raw records, as lazy frames.

A new kind of source is one file here, one row in `READERS` and one class in the config.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from seqchurn.config.sources import Source
from seqchurn.errors import DataError
from seqchurn.events.sources import (
    csv,
    delta,
    ndjson,
    parquet,
    segment,
    snowplow,
    sql,
    tables,
)
from seqchurn.events.sources.columns import name_taken, raw_columns, require
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, resolve_path
from seqchurn.events.sources.paths import field_names, resolve

__all__ = ["FILE", "MALFORMED", "READERS", "RECORD", "Raw", "check_columns", "read", "resolve_path"]

READERS: dict[str, Callable[..., list[pl.LazyFrame]]] = {
    "csv": csv.read,
    "parquet": parquet.read,
    "ndjson": ndjson.read,
    "segment": segment.read,
    "snowplow": snowplow.read,
    "sql": sql.read,
    "delta": delta.read,
    "customers": tables.read,
    "links": tables.read,
}


@dataclass(frozen=True)
class Raw:
    """Raw records of files that are alike in their columns."""

    frame: pl.LazyFrame
    """With `FILE`, `RECORD` and `MALFORMED` (null: a sound record)."""
    files: list[Path]
    """In order; none for a database or a Delta table."""
    lacking: list[str]
    """Columns in use that these files do not have; null in the frame."""
    present: list[str]
    """Columns and paths that they have."""


def read(
    source: Source, files: Sequence[Path], *, scratch: Path, tolerant: bool = False
) -> list[Raw]:
    """Raw records of some files of a source.

    Args:
        source: Its section of the config.
        files: Those to read; none where the source is a database or a Delta table.
        scratch: Folder to make for what a database answers; it must outlive the frames.
        tolerant: Set damaged lines of text files apart instead of failing; slower.

    Raises:
        ConfigError: If a package, or a column of a database, is missing, or a column has a name
            of ours.
        PolarsError: If a file is damaged.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    try:
        frames = READERS[source.kind](source, files, scratch=scratch, tolerant=tolerant)
        for number, frame in enumerate(frames):
            alike.setdefault(tuple(frame.collect_schema().items()), []).append(number)
    except pl.exceptions.DuplicateError as error:
        if len(files) > 1:
            raise  # which of them it is shows when they are read apart
        place = f"[events] source {source.name}: {files[0] if files else source.origin()}"
        raise name_taken(place, error) from None
    return [
        _raw(source, [frames[n] for n in group], [files[n] for n in group if files])
        for group in alike.values()
    ]


def check_columns(source: Source, raws: Sequence[Raw], lacking: Sequence[str]) -> None:
    """Check that each column in use is in some file of a source.

    Args:
        source: Its section of the config.
        raws: What is about to be read.
        lacking: Columns that no file has.

    Raises:
        ConfigError: If there is such a column.
        DataError: If the files are empty.
    """
    present = list(dict.fromkeys(name for raw in raws for name in raw.present))
    if raws and not present:
        raise DataError(
            f"[events] source {source.name}: {source.origin()} is empty. Point it at a log with "
            "records, or remove the source."
        )
    place = f"[events] source {source.name}"
    require(lacking, [name for name in present if name not in lacking], place=place)


def _raw(source: Source, frames: list[pl.LazyFrame], files: list[Path]) -> Raw:
    frame = frames[0] if len(frames) == 1 else pl.concat(frames)
    names = raw_columns(source)
    frame = resolve(frame, names)
    schema = frame.collect_schema()
    lacking = [name for name in names if name not in schema]
    nulls = {name: pl.lit(None, dtype=pl.String) for name in lacking}
    if MALFORMED not in schema:
        nulls[MALFORMED] = pl.lit(None, dtype=pl.String)
    own = [name for name in field_names(schema) if name not in (FILE, RECORD, MALFORMED)]
    return Raw(frame.with_columns(**nulls), files, lacking, own)
