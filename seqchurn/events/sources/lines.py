"""A text file -> its lines, those with bytes that are no UTF-8 marked.

Polars refuses a file with a single such byte. Where that happens, each line is decoded by itself,
ten times slower; lines are read as they are asked for, so memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from seqchurn.events.sources.files import FILE, RECORD, open_bytes

__all__ = ["LINE", "UNDECODED", "scan", "scan_marked"]

LINE = "seqchurn:line"
UNDECODED = "seqchurn:undecoded"
"""Whether a line held bytes that are no UTF-8; they now read as U+FFFD."""

_BATCH = 20_000

_Numbered = Iterator[tuple[int, bytes]]


def scan(file: Path) -> pl.LazyFrame:
    """`FILE`, `RECORD`, `LINE` and `UNDECODED`, which is False; bad bytes are an error."""
    lines = pl.scan_lines(
        file, name=LINE, glob=False, row_index_name=RECORD, include_file_paths=FILE
    )
    return lines.with_columns(pl.lit(False).alias(UNDECODED))


def scan_marked(file: Path, joined: Callable[[_Numbered], _Numbered] | None = None) -> pl.LazyFrame:
    """The same, where bad bytes are marked.

    Args:
        file: One file.
        joined: Makes records of lines where some hold several: pairs of the number of a line
            and its bytes with the line break in, pairs of the first number and all bytes out.
    """

    def batches(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        with open_bytes(file) as stream:
            lines: _Numbered = enumerate(stream)
            numbered = islice(joined(lines) if joined else lines, rows)
            while batch := list(islice(numbered, size or _BATCH)):
                frame = _frame(batch, str(file)).select(columns or pl.all())
                yield frame if predicate is None else frame.filter(predicate)

    return register_io_source(batches, schema=_frame([], str(file)).schema)


def _frame(numbered: list[tuple[int, bytes]], file: str) -> pl.DataFrame:
    numbers = [number for number, _ in numbered]
    raw = [line.removesuffix(b"\n").removesuffix(b"\r") for _, line in numbered]
    texts = [line.decode(errors="replace") for line in raw]
    undecoded = [text.encode() != line for text, line in zip(texts, raw, strict=True)]
    return pl.DataFrame(
        {FILE: [file] * len(texts), RECORD: numbers, LINE: texts, UNDECODED: undecoded},
        schema={FILE: pl.String, RECORD: pl.UInt32, LINE: pl.String, UNDECODED: pl.Boolean},
    )
