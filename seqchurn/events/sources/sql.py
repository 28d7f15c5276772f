"""A table or query of a database -> raw frame of the columns in use, every one as text.

As with CSV, the mapping says what becomes a number or a time: one bad value costs its record, and
types that only one database has need no care of ours. Rows go to Parquet files first, some at a
time, so that memory stays bounded and the database is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import polars as pl

from seqchurn.config.sources import SqlSource
from seqchurn.events.sources.columns import raw_columns, require
from seqchurn.events.sources.database import NULL_TEXT, Database, connected, location
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD
from seqchurn.events.sources.paths import head
from seqchurn.events.times import INSTANT, with_instants

__all__ = ["location", "read"]

_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000}
"""Values of `timestamp_format` for numbers, with their parts of a second."""


def read(
    source: SqlSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of an SQL source; `FILE` is the database without login, with the table.

    Args:
        source: Its section of the config.
        files: None.
        scratch: Folder for the rows, made here; it must outlive the frame.
        tolerant: Changes nothing; values that are not UTF-8 are always set apart.

    Raises:
        ConfigError: If a driver, table or column is missing, or the query is none.
        EnvironmentFailure: If the database fails.
    """
    del files, tolerant
    with connected(source) as database:
        columns = _columns(source, database)
        values = ", ".join(_as_text(c, database) for c in columns)
        query = f"SELECT {values} FROM {_records(source, database)}"
        with closing(database.batches(query)) as batches:
            _spill(batches, columns, scratch)
    raw = pl.scan_parquet(sorted(scratch.glob("*.parquet")), row_index_name=RECORD)
    placed = raw.with_columns(pl.col(RECORD).cast(pl.Int64), pl.lit(location(source)).alias(FILE))
    return [_within(placed, source)]


def _columns(source: SqlSource, database: Database) -> list[str]:
    """Columns in use: those that the config names, or that its paths into JSON begin with."""
    present = database.columns(f"SELECT * FROM {_table(source, database)} WHERE 1 = 0")
    heads = {name: head(name, present) for name in raw_columns(source)}
    missing = [name for name, column in heads.items() if column is None]
    require([source.timestamp, *missing], present, place=f"[events] source {source.name}")
    return list(dict.fromkeys(column for column in heads.values() if column is not None))


def _records(source: SqlSource, database: Database) -> str:
    """The FROM of a query and what follows: the table, and the window, up to two days too wide.

    Dates alone bound it, so that one form serves columns of times, dates and ISO text whatever
    their zone.
    """
    since, until = source.window()
    stamp = _quoted(source.timestamp, database)
    day = timedelta(days=1)
    bounds = []
    if since is not None:
        bounds.append(f"{stamp} >= {_literal(since - day, source.timestamp_format)}")
    if until is not None:
        bounds.append(f"{stamp} < {_literal(until + 2 * day, source.timestamp_format)}")
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return _table(source, database) + where


def _within(raw: pl.LazyFrame, source: SqlSource) -> pl.LazyFrame:
    """Records inside the window to the microsecond, and those whose time cannot be read."""
    since, until = source.window()
    if since is None and until is None:
        return raw
    instant = pl.col(INSTANT)
    inside = (instant >= since if since else True) & (instant < until if until else True)
    return (
        with_instants(
            raw,
            source.timestamp,
            format=source.timestamp_format,
            zone=source.timezone,
            place=f"[events] source {source.name}",
        )
        .filter(instant.is_null() | inside)
        .drop(INSTANT)
    )


def _literal(instant: datetime, format: str | None) -> str:
    if format in _TICKS:
        return str(int(instant.timestamp()) * _TICKS[format])
    return f"'{instant:%Y-%m-%d}'"


def _table(source: SqlSource, database: Database) -> str:
    if source.table is not None:
        return ".".join(_quoted(part, database) for part in source.table.split("."))
    query = (source.query or "").strip().rstrip(";")
    return f"({query}\n) AS records"  # the query may end in a comment


def _as_text(column: str, database: Database) -> str:
    name = _quoted(column, database)
    return f"{database.text.format(name)} AS {name}"


def _quoted(name: str, database: Database) -> str:
    return f"{database.quote}{name.replace(database.quote, 2 * database.quote)}{database.quote}"


def _spill(batches: Iterable[pl.DataFrame], columns: list[str], folder: Path) -> None:
    folder.mkdir(parents=True)
    empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    for number, batch in enumerate(chain([empty], batches)):
        _checked(batch.select(columns)).write_parquet(folder / f"{number:08}.parquet")


def _checked(batch: pl.DataFrame) -> pl.DataFrame:
    """Texts and nulls, and in `MALFORMED` the records with bytes that are not UTF-8.

    Polars takes the text of a driver on trust, and must not.
    """
    texts = batch.cast(pl.String)
    stored = texts.cast(pl.Binary)
    try:
        stored.cast(pl.String)
        malformed = pl.lit(None, dtype=pl.String)
    except pl.exceptions.ComputeError:
        texts = pl.DataFrame([_decoded(column) for column in stored])
        changed = (texts[c].cast(pl.Binary).ne_missing(stored[c]) for c in texts.columns)
        malformed = pl.when(pl.any_horizontal(*changed)).then(
            pl.struct(pl.all()).struct.json_encode()
        )
    null = pl.lit(NULL_TEXT)
    return texts.select(pl.when(pl.all() != null).then(pl.all()), malformed.alias(MALFORMED))


def _decoded(column: pl.Series) -> pl.Series:
    values = [value if value is None else value.decode(errors="replace") for value in column]
    return pl.Series(column.name, values, dtype=pl.String)
