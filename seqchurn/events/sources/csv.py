"""CSV files with a header -> raw frame, every column as text.

Types are not guessed: the mapping says what becomes a number or a time, and one bad value then
costs its record, not the file.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import polars as pl

from seqchurn.config.sources import CsvSource
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, read_path
from seqchurn.events.sources.lines import LINE, UNDECODED, scan_marked

__all__ = ["read", "scan"]


def read(source: CsvSource, *, tolerant: bool = False) -> pl.LazyFrame:
    """Records of a CSV source.

    Args:
        source: Its section of the config.
        tolerant: Read line by line and set lines with an unbalanced quote, a wrong number of
            fields or bytes that are no UTF-8 apart in the column `MALFORMED` instead of failing;
            a line break inside quotes then counts as damage.
    """
    scan_file = partial(_scan_lines if tolerant else scan, separator=source.separator)
    return read_path(source.path, scan_file, source=source.name, kind=source.kind)


def scan(file: Path, *, separator: str = ",") -> pl.LazyFrame:
    """Records of one CSV file; one without a byte has neither rows nor columns."""
    return pl.scan_csv(
        file,
        separator=separator,
        infer_schema=False,
        raise_if_empty=False,
        glob=False,
        row_index_name=RECORD,
        include_file_paths=FILE,
    )


def _scan_lines(file: Path, *, separator: str) -> pl.LazyFrame:
    columns = [
        c for c in scan(file, separator=separator).collect_schema() if c not in (FILE, RECORD)
    ]
    field = f'("(?:[^"]|"")*"|[^"{re.escape(separator)}]*)'
    record = f"^{re.escape(separator).join([field] * len(columns))}\r?$"
    line = pl.col(LINE)
    damaged = pl.col(UNDECODED) | ~line.str.contains(record)
    return (
        scan_marked(file)
        .filter((pl.col(RECORD) > 0) & (line.str.strip_chars() != ""))  # 0 is the header
        .with_columns(pl.col(RECORD) - 1, fields=line.str.extract_groups(record))
        .select(
            FILE,
            RECORD,
            pl.when(damaged).then(line).alias(MALFORMED),
            **{c: _unquoted(pl.col("fields").struct[i]) for i, c in enumerate(columns)},
        )
    )


def _unquoted(field: pl.Expr) -> pl.Expr:
    inner = field.str.replace(r'(?s)^"(.*)"$', "$1").str.replace_all('""', '"', literal=True)
    text = pl.when(field.str.starts_with('"')).then(inner).otherwise(field)
    return pl.when(text != "").then(text)
