"""A text file -> its lines, those with bytes that are no UTF-8 marked.

Polars refuses a file with a single such byte. Where that happens, each line is decoded by itself,
ten times slower; lines are read as they are asked for, so memory stays bounded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from seqchurn.events.sources.files import FILE, RECORD

__all__ = ["LINE", "UNDECODED", "scan", "scan_marked"]

LINE = "seqchurn:line"
UNDECODED = "seqchurn:undecoded"
"""Whether a line held bytes that are no UTF-8; they now read as U+FFFD."""

_BATCH = 20_000


def scan(file: Path) -> pl.LazyFrame:
    """`FILE`, `RECORD`, `LINE` and `UNDECODED`, which is False; bad bytes are an error."""
    lines = pl.scan_lines(
        file, name=LINE, glob=False, row_index_name=RECORD, include_file_paths=FILE
    )
    return lines.with_columns(pl.lit(False).alias(UNDECODED))


def scan_marked(file: Path) -> pl.LazyFrame:
    """The same, where bad bytes are marked; compression is told by the ending of the file."""

    def batches(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        with io.BufferedReader(pa.input_stream(str(file), compression="detect")) as stream:
            numbered = islice(enumerate(stream), rows)
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
