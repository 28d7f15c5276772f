"""Rows -> a Parquet file with the last message on every customer."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from seqchurn.sinks.one_file import FileSink

__all__ = ["ParquetSink"]


class ParquetSink(FileSink):
    """One Parquet file."""

    ending = "parquet"

    def read(self) -> pl.DataFrame:
        """All rows of the file."""
        return pl.read_parquet(self.file)

    def write(self, rows: pl.DataFrame, file: Path) -> None:
        """Write rows to a new file."""
        rows.write_parquet(file)
