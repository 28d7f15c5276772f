"""Parquet files -> raw frame, columns with the types they were stored with."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from seqchurn.config.sources import ParquetSource
from seqchurn.events.sources.files import FILE, RECORD, read_path

__all__ = ["read", "scan"]


def read(source: ParquetSource, *, tolerant: bool = False) -> pl.LazyFrame:
    """Records of a Parquet source; a damaged file is refused, `tolerant` or not."""
    del tolerant
    return read_path(source.path, scan, source=source.name, kind=source.kind)


def scan(file: Path) -> pl.LazyFrame:
    """Records of one Parquet file."""
    return pl.scan_parquet(
        file, glob=False, hive_partitioning=False, row_index_name=RECORD, include_file_paths=FILE
    )
