"""Snowplow's enriched events, TSV without a header -> raw frame of the columns in use, as text.

A line is an event and a tab ends a field: quotes mean nothing, an empty field is null. There are
the 131 columns of `COLUMNS`, those of `FIRST_OF`, and columns of JSON text for self-describing
events and contexts (`snowplow_json`). Types are not guessed: the mapping says what becomes a
number or a time. A line that is no event is set apart in `MALFORMED`; `fault` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from seqchurn.config.sources import SnowplowSource
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, partition, scan_each
from seqchurn.events.sources.lines import LINE, UNDECODED, scan, scan_marked
from seqchurn.events.sources.snowplow_columns import COLUMNS, FIRST_OF
from seqchurn.events.sources.snowplow_json import FIELDS, is_broken, of_schema, schemas

__all__ = ["fault", "read"]

_FIELDS = "seqchurn:fields"
_FIRST = 1_000


def read(
    source: SnowplowSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of some files of a Snowplow source, a frame each.

    JSON fields that the source does not speak of are not looked into: damage there costs nothing.

    Args:
        source: Its section of the config.
        files: The files.
        scratch: Not needed.
        tolerant: Set lines with bytes that are no UTF-8 apart as well instead of failing; slower.
    """
    del scratch
    asked = list(dict.fromkeys(map(_root, raw_columns(source))))
    scan_file = scan_marked if tolerant else scan
    present = [*COLUMNS, *FIRST_OF, *sorted(_described(map(scan_file, files), asked))]

    def events(file: Path) -> pl.LazyFrame:
        outside = partition(file, source.path, source=source.name)
        names = [name for name in asked if name not in outside]
        columns = names if set(names) <= set(present) else present  # to name the nearest
        return _events(scan_file(file), columns, used=names)

    return scan_each(files, events, path=source.path, source=source.name)


def fault(line: pl.Expr) -> pl.Expr:
    """What is wrong with a line that was set apart, as text."""
    fields = line.str.split("\t")
    count = fields.list.len()
    broken = [
        pl.when(is_broken(_field(name, fields), prefix)).then(pl.lit(f"broken JSON in {name}"))
        for prefix, names in FIELDS.items()
        for name in names
    ]
    return pl.coalesce(
        pl.when(count != len(COLUMNS)).then(
            pl.format(f"wrong field count: found {{}}, expected {len(COLUMNS)}", count)
        ),
        *broken,
        pl.lit("bytes that are not UTF-8"),
    )


def _events(lines: pl.LazyFrame, columns: Sequence[str], *, used: Sequence[str]) -> pl.LazyFrame:
    """Lines as columns; broken JSON is damage where columns in use are made of it."""
    fields = pl.col(_FIELDS)
    json_fields = [(name, prefix) for prefix, names in _used(used).items() for name in names]
    broken = [is_broken(_field(name, fields), prefix) for name, prefix in json_fields]
    malformed = pl.any_horizontal(UNDECODED, fields.list.len() != len(COLUMNS), *broken)
    return (
        lines.filter(pl.col(LINE) != "")
        .with_columns(pl.col(LINE).str.split("\t").alias(_FIELDS))
        .with_columns(pl.when(malformed).then(LINE).alias(MALFORMED))
        .with_columns(pl.when(pl.col(MALFORMED).is_null()).then(_FIELDS).alias(_FIELDS))
        .select(FILE, RECORD, MALFORMED, **{column: _column(column) for column in columns})
    )


def _column(column: str) -> pl.Expr:
    fields = pl.col(_FIELDS)
    if column in COLUMNS:
        return _field(column, fields)
    if column in FIRST_OF:
        return pl.coalesce(_field(name, fields) for name in FIRST_OF[column])
    [names] = _used([column]).values()
    return pl.coalesce(of_schema(_field(name, fields), column) for name in names)


def _field(name: str, fields: pl.Expr) -> pl.Expr:
    value = fields.list.get(COLUMNS.index(name), null_on_oob=True)
    return pl.when(value != "").then(value)


def _used(columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Prefixes of the columns that are made of JSON, and the fields that they are made of."""
    return {p: names for p, names in FIELDS.items() if any(c.startswith(p) for c in columns)}


def _described(files: Iterable[pl.LazyFrame], columns: Sequence[str]) -> set[str]:
    """Columns that JSON in the files makes; reads on until all that are asked for are seen.

    That is a few lines, but for a column that is rare or missing.
    """
    used = _used(columns)
    asked = {column for column in columns if column.startswith(tuple(used))}
    found: set[str] = set()
    parts = (part for lines in files for part in (lines.head(_FIRST), lines))
    while not asked <= found and (part := next(parts, None)) is not None:
        fields = pl.col(LINE).str.split("\t")
        for prefix, names in used.items():
            for name in names:
                found |= schemas(part.select(_field(name, fields)), prefix)
    return found


def _root(name: str) -> str:
    return name.partition(".")[0]
