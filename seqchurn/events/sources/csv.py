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
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD, scan_each
from seqchurn.events.sources.lines import LINE, UNDECODED, scan_marked
from seqchurn.events.sources.lines import scan as scan_text
from seqchurn.events.sources.structure import LONGEST

__all__ = ["read", "scan", "scan_checked"]

_MOST = 1_000
"""Columns that are read though not in use, for messages; a damaged header can hold any number."""


def read(
    source: CsvSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of some files of a CSV source, a frame each.

    Args:
        source: Its section of the config.
        files: The files.
        scratch: Not needed.
        tolerant: Read line by line in any case, and set lines with bytes that are no UTF-8 apart
            in the column `MALFORMED` instead of failing; those with an unbalanced quote or a wrong
            number of fields always are.
    """
    del scratch
    scan_file = partial(
        scan_checked, names=raw_columns(source), separator=source.separator, tolerant=tolerant
    )
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


def scan_checked(
    file: Path, names: Sequence[str], *, separator: str = ",", tolerant: bool = False
) -> pl.LazyFrame:
    """Records of one file, fast where each line is one, which is checked first.

    Args:
        file: One file.
        names: Columns in use.
        separator: Character between fields.
        tolerant: As in `read`.
    """
    records = scan(file, separator=separator)
    width = len(_columns(records))
    if not tolerant and (width == 0 or _has_a_record_a_line(file, width, separator)):
        return records
    return _scan_lines(file, separator=separator, names=names)


def _has_a_record_a_line(file: Path, width: int, separator: str) -> bool:
    lines, line = scan_text(file), pl.col(LINE)
    quoted = line.str.contains('"', literal=True)  # in many files none is, and this is fast
    alike = line.str.count_matches(separator, literal=True) == width - 1
    plain = lines.select((quoted | alike).all(), quoted.any().alias("quoted"))
    sound, any_quoted = plain.collect(engine="streaming").row(0)
    if not (sound and any_quoted):
        return bool(sound)
    quoted_lines = lines.filter(quoted).select(_is_record(width, separator).all())
    return bool(quoted_lines.collect(engine="streaming").item())


def _scan_lines(file: Path, *, separator: str, names: Sequence[str]) -> pl.LazyFrame:
    columns = _columns(scan(file, separator=separator))
    used = [n for n, column in enumerate(columns) if n < _MOST or _leads(column, names)]
    field, mark = _field(separator), re.escape(separator)
    record = re.compile(f"{field}(?:{mark}{field}){{{len(columns) - 1}}}".encode())
    line = pl.col(LINE)
    parts = pl.concat_str(pl.lit(separator), line).str.extract_all(mark + field)
    return (
        scan_marked(file, partial(_joined, record=record))
        .filter((pl.col(RECORD) > 0) & (line.str.strip_chars() != ""))  # 0 is the header
        .with_columns(pl.col(UNDECODED) | ~_is_record(len(columns), separator))
        .with_columns(pl.col(RECORD) - 1, parts=pl.when(~pl.col(UNDECODED)).then(parts))
        .select(
            FILE,
            RECORD,
            pl.when(UNDECODED).then(line).alias(MALFORMED),
            **{
                columns[n]: _unquoted(pl.col("parts").list.get(n).str.strip_prefix(separator))
                for n in used
            },
        )
    )


def _columns(records: pl.LazyFrame) -> list[str]:
    return [column for column in records.collect_schema() if column not in (FILE, RECORD)]


def _leads(column: str, names: Sequence[str]) -> bool:
    return any(name == column or name.startswith(f"{column}.") for name in names)


def _field(separator: str) -> str:
    """Pattern of a field: within quotes, where two stand for one, or without any."""
    return f'(?:"[^"]*(?:""[^"]*)*"|[^"{re.escape(separator)}]*)'


def _is_record(width: int, separator: str) -> pl.Expr:
    """Whether a line is a record; the pattern does not grow with the number of fields."""
    field, line = _field(separator), pl.col(LINE)
    unquoted = line.str.replace_all('"[^"]*"', "")
    return line.str.contains(f"^{field}(?:{re.escape(separator)}{field})*$") & (
        unquoted.str.count_matches(separator, literal=True) == width - 1
    )


def _joined(
    lines: Iterator[tuple[int, bytes]], record: re.Pattern[bytes]
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
        if waiting and not is_odd and size < LONGEST and not _matches(line, record):
            waiting.append((number, line))
            size += len(line)
            continue
        if waiting and is_odd:
            whole = b"".join([*(part for _, part in waiting), line])
            if _matches(whole, record):
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


def _matches(text: bytes, record: re.Pattern[bytes]) -> bool:
    return record.fullmatch(text.removesuffix(b"\n").removesuffix(b"\r")) is not None


def _unquoted(field: pl.Expr) -> pl.Expr:
    inner = field.str.replace(r'(?s)^"(.*)"$', "$1").str.replace_all('""', '"', literal=True)
    text = pl.when(field.str.starts_with('"')).then(inner).otherwise(field)
    return pl.when(text != "").then(text)
