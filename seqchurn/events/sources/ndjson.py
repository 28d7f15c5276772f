"""Files with one JSON object a line -> raw frame of the columns in use, as text.

Numbers and booleans arrive as they are written, nested values as JSON.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seqchurn.config.sources import NdjsonSource
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, read_each, resolve_path

__all__ = ["read", "scan"]

_LINE = "seqchurn:line"


def read(source: NdjsonSource, *, tolerant: bool = False) -> pl.LazyFrame:
    """Records of an NDJSON source.

    Args:
        source: Its section of the config.
        tolerant: Read line by line, six times slower, and set lines that are no JSON object
            apart in the column `MALFORMED` instead of failing.
    """
    files = resolve_path(source.path, source=source.name)
    scan_file = _scan_lines if tolerant else scan
    return read_each(files, lambda file: scan_file(file, raw_columns(source)))


def scan(file: Path, columns: Sequence[str]) -> pl.LazyFrame:
    """Some keys of each object in a file; a key that no object has is no column."""
    return pl.scan_ndjson(
        glob.escape(str(file)),
        schema=dict.fromkeys(_present(file, columns), pl.String),
        row_index_name=RECORD,
        include_file_paths=FILE,
    )


def _scan_lines(file: Path, columns: Sequence[str]) -> pl.LazyFrame:
    lines = pl.scan_lines(
        file, name=_LINE, glob=False, row_index_name=RECORD, include_file_paths=FILE
    )
    line = pl.col(_LINE)
    is_object = line.str.json_path_match("$").str.starts_with("{").fill_null(False)
    values = {c: line.str.json_path_match(f"$['{c}']") for c in _present(file, columns)}
    return lines.filter(line.str.strip_chars() != "").select(
        FILE, RECORD, pl.when(~is_object).then(line).alias(MALFORMED), **values
    )


def _present(file: Path, columns: Sequence[str]) -> list[str]:
    """Those of the columns that some object has, then other keys, to name in messages.

    Reads the file until all are seen: a few lines, but for a column that is rare or missing.
    """
    seen: dict[str, None] = {}
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                seen |= dict.fromkeys(json.loads(line))
            except (ValueError, TypeError):
                continue
            if seen.keys() >= set(columns):
                break
    return list(seen)
