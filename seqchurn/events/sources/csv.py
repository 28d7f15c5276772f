"""CSV files with a header -> raw frame, every column as text.

Types are not guessed: the mapping says what becomes a number or a time, and one bad value then
costs its record, not the file.

Polars is fast, and believes what it reads: between two stray quotes all records become the text
of one field, and a line that is cut short has nulls for the rest. So it only gets files in which
each line is a record. Others are read line by line, where a record may go on over several lines
if none of those between is a record of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from seqchurn.config.sources import CsvSource
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, scan_each
from seqchurn.events.sources.lines import LINE, UNDECODED, scan_marked
from seqchurn.events.sources.lines import scan as scan_text
from seqchurn.events.structure import LONGEST

__all__ = ["read", "scan"]


def read(
    source: CsvSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of some files of a CSV source, a frame each.

    Args:
        source: Its section of the config.
        files: The files.
        scratch: Not needed.
        tolerant: Read line by line and set lines with an unbalanced quote, a wrong number of
            fields or bytes that are no UTF-8 apart in the column `MALFORMED` instead of failing.

    Raises:
        PolarsError: If a line is no record and `tolerant` is not set.
    """
    del scratch
    scan_file = partial(_scan_lines if tolerant else _scan_sound, separator=source.separator)
    return scan_each(files, scan_file, path=source.path, source=source.name)


def scan(file: Path, *, separator: str = ",") -> pl.LazyFrame:
    """Records of one CSV file; one without a byte has neither rows nor columns."""
    return pl.scan_csv(
        file,
        separator=separator,
        infer_schema=False,
        null_values="",  # also in quotes
        raise_if_empty=False,
        glob=False,
        row_index_name=RECORD,
        include_file_paths=FILE,
    )


def _scan_sound(file: Path, *, separator: str) -> pl.LazyFrame:
    """Records of a file in which each line is one, which is checked first: it takes no longer."""
    records = scan(file, separator=separator)
    if width := len(_columns(records)):
        is_record = pl.col(LINE).str.contains(f"^{_record(width, separator)}$")
        lines = scan_text(file).filter(~is_record).select(pl.col(RECORD).min())
        first = lines.collect(engine="streaming").item()
        if first is not None:
            raise pl.exceptions.ComputeError(
                f"line {first + 1} of {file.name} is not a record of {width} fields by itself"
            )
    return records


def _scan_lines(file: Path, *, separator: str) -> pl.LazyFrame:
    columns = _columns(scan(file, separator=separator))
    text = _record(len(columns), separator)
    is_record = re.compile(text.encode())
    record = f"^{text}$"
    line = pl.col(LINE)
    damaged = pl.col(UNDECODED) | ~line.str.contains(record)
    return (
        scan_marked(file, partial(_joined, is_record=is_record))
        .filter((pl.col(RECORD) > 0) & (line.str.strip_chars() != ""))  # 0 is the header
        .with_columns(pl.col(RECORD) - 1, fields=line.str.extract_groups(record))
        .select(
            FILE,
            RECORD,
            pl.when(damaged).then(line).alias(MALFORMED),
            **{c: _unquoted(pl.col("fields").struct[i]) for i, c in enumerate(columns)},
        )
    )


def _columns(records: pl.LazyFrame) -> list[str]:
    return [column for column in records.collect_schema() if column not in (FILE, RECORD)]


def _record(width: int, separator: str) -> str:
    """Pattern of a record: fields with even quotes around them, or with no quote at all."""
    field = f'("(?:[^"]|"")*"|[^"{re.escape(separator)}]*)'
    return re.escape(separator).join([field] * width)


def _joined(
    lines: Iterator[tuple[int, bytes]], is_record: re.Pattern[bytes]
) -> Iterator[tuple[int, bytes]]:
    """Numbered records of numbered lines; a line that belongs to none stays by itself.

    A record is open after a line with an odd number of quotes, until the next such line. It is
    given up where that does not make a record, or where a line before is one by itself: then the
    quote that opened it is a stray one.
    """
    waiting: list[tuple[int, bytes]] = []
    size = 0
    for number, line in lines:
        is_odd = line.count(b'"') % 2 == 1
        if waiting and not is_odd and size < LONGEST and not _is(line, is_record):
            waiting.append((number, line))
            size += len(line)
            continue
        if waiting and is_odd:
            whole = b"".join([*(part for _, part in waiting), line])
            if _is(whole, is_record):
                yield waiting[0][0], whole
                waiting = []
                continue
        yield from waiting
        waiting = []
        if is_odd:
            waiting, size = [(number, line)], len(line)
        else:
            yield number, line
    yield from waiting


def _is(text: bytes, is_record: re.Pattern[bytes]) -> bool:
    return is_record.fullmatch(text.removesuffix(b"\n").removesuffix(b"\r")) is not None


def _unquoted(field: pl.Expr) -> pl.Expr:
    inner = field.str.replace(r'(?s)^"(.*)"$', "$1").str.replace_all('""', '"', literal=True)
    text = pl.when(field.str.starts_with('"')).then(inner).otherwise(field)
    return pl.when(text != "").then(text)
