"""Rows -> a CSV file with the last message on every customer; times in ISO 8601, null is empty."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import polars.selectors as cs

from seqchurn.sinks.one_file import FileSink

__all__ = ["CsvSink"]


class CsvSink(FileSink):
    """One CSV file; every value stays the text that was written."""

    ending = "csv"

    def read(self) -> pl.DataFrame:
        """All rows of the file, as text."""
        return pl.read_csv(self.file, infer_schema=False)

    def write(self, rows: pl.DataFrame, file: Path) -> None:
        """Write rows to a new file."""
        rows.write_csv(file)

    def send(self, rows: pl.DataFrame) -> None:
        """Put the rows, as text, in the place of those of the same customers."""
        super().send(rows.with_columns(cs.datetime().dt.to_string("iso:strict")).cast(pl.String))
