"""Files with one JSON object a line -> raw frame of the columns in use, as text.

Numbers and booleans arrive as they are written, nested values as JSON; a dotted name of the
config becomes a column of what its path leads to.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from seqchurn.config.sources import NdjsonSource
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, open_bytes, partition, scan_each
from seqchurn.events.sources.lines import LINE, UNDECODED, scan_marked
from seqchurn.events.sources.paths import head, json_types, resolve

__all__ = ["read", "scan", "scan_keys"]

_AT_ONCE = 5_000
"""Lines that are parsed together: enough to be fast, few enough for memory."""

_Types = Mapping[str, pl.DataType]


def read(
    source: NdjsonSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of some files of an NDJSON source, a frame each.

    Args:
        source: Its section of the config.
        files: The files.
        scratch: Not needed.
        tolerant: Read line by line, slower, and set lines that are no JSON object in UTF-8 apart
            in the column `MALFORMED` instead of failing; a nested value may then also be text
            that holds JSON, or of another shape than the paths into it, which lead nowhere.
    """

    def scan_file(file: Path) -> pl.LazyFrame:
        outside = partition(file, source.path, source=source.name)
        names = [name for name in raw_columns(source) if name not in outside]
        return scan_keys(file, names, _present(file, names), tolerant=tolerant)

    del scratch
    return scan_each(files, scan_file, path=source.path, source=source.name)


def scan(file: Path, columns: Sequence[str], *, tolerant: bool = False) -> pl.LazyFrame:
    """Some keys of each object in a file; a key that no object has is no column."""
    return scan_keys(file, columns, _present(file, columns), tolerant=tolerant)


def scan_keys(
    file: Path, names: Sequence[str], keys: Iterable[str], *, tolerant: bool = False
) -> pl.LazyFrame:
    """What some names lead to in each object of a file, and the keys that none leads into.

    Args:
        file: One file.
        names: Names of keys, and paths into them.
        keys: Keys that are columns, whether an object has them or not.
        tolerant: As in `read`; else a line that is no JSON, or a value of another shape than
            the paths into it, fails.
    """
    types = json_types(names, keys)
    if tolerant:
        used = {head(name, types) for name in names}
        return _scan_lines(file, names, {key: types[key] for key in types if key in used})
    raw = pl.scan_ndjson(
        glob.escape(str(file)), schema=types, row_index_name=RECORD, include_file_paths=FILE
    )
    return resolve(raw, names).select(FILE, RECORD, *_columns(names, types))


def _scan_lines(file: Path, names: Sequence[str], types: _Types) -> pl.LazyFrame:
    columns = _columns(names, types)

    def with_values(lines: pl.DataFrame) -> pl.DataFrame:
        sound = pl.when(pl.col(MALFORMED).is_null()).then(LINE).otherwise(pl.lit("{}"))
        texts = lines.select(sound).to_series().to_list()
        parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
        values = pl.concat(_values(part, names, types) for part in parts or [[]])
        malformed = lines[MALFORMED].fill_null(values[MALFORMED])
        return values.select(*lines[FILE, RECORD], malformed, *columns)

    line = pl.col(LINE).str.strip_prefix("\ufeff")  # the mark that some put before UTF-8
    is_object = line.str.json_path_match("$").str.starts_with("{").fill_null(False)
    damaged = pl.when(pl.col(UNDECODED) | ~is_object).then(line).alias(MALFORMED)
    lines = scan_marked(file).filter(line.str.strip_chars() != "")
    marked = lines.select(FILE, RECORD, damaged, line)
    schema = {**marked.drop(LINE).collect_schema(), **dict.fromkeys(columns, pl.String())}
    return marked.map_batches(with_values, schema=schema, streamable=True)


def _values(lines: list[str], names: Sequence[str], types: _Types) -> pl.DataFrame:
    """Values of objects, each in a line; what the fast reader refuses stands in `MALFORMED`."""
    columns = _columns(names, types)
    schema = dict.fromkeys((MALFORMED, *columns), pl.String())
    if not lines or not columns:
        return pl.DataFrame({c: [None] * len(lines) for c in schema}, schema)
    objects = "\n".join(lines).encode()
    try:
        nested, flat = (
            resolve(pl.read_ndjson(objects, schema=t, ignore_errors=True).lazy(), names)
            .select(columns)
            .collect()
            for t in (types, dict.fromkeys(types, pl.String()))
        )
    except pl.exceptions.PolarsError:
        if len(lines) == 1:
            return pl.DataFrame({MALFORMED: lines, **dict.fromkeys(columns)}, schema)
        half = len(lines) // 2
        return pl.concat(_values(part, names, types) for part in (lines[:half], lines[half:]))
    values = {column: nested[column].fill_null(flat[column]) for column in columns}
    return pl.DataFrame({MALFORMED: [None] * len(lines), **values}, schema)


def _columns(names: Sequence[str], types: _Types) -> list[str]:
    """Keys that are text, and names that lead into keys."""
    whole = [key for key, dtype in types.items() if dtype == pl.String]
    return list(dict.fromkeys(whole + [n for n in names if head(n, types) is not None]))


def _present(file: Path, names: Sequence[str]) -> list[str]:
    """Keys that some object has: those that the names begin with, then others for messages.

    Reads the file until all are seen: a few lines, but for a column that is rare or missing. Of
    keys a and a.b, the path a.b is the one that is seen first.
    """
    seen: dict[str, None] = {}
    with open_bytes(file) as lines:
        for line in lines:
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            seen |= dict.fromkeys(found) if isinstance(found, dict) else {}
            if all(head(name, seen) is not None for name in names):
                break
    return list(seen)
