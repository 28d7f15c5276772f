"""Parquet files -> raw frame, columns with the types they were stored with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seqchurn.config.sources import ParquetSource
from seqchurn.events.sources.files import FILE, RECORD, scan_each

__all__ = ["read", "scan"]


def read(
    source: ParquetSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of some files, a frame each; a damaged file is refused, `tolerant` or not."""
    del scratch, tolerant
    return scan_each(files, scan, path=source.path, source=source.name)


def scan(file: Path) -> pl.LazyFrame:
    """Records of one Parquet file."""
    return pl.scan_parquet(
        file, glob=False, hive_partitioning=False, row_index_name=RECORD, include_file_paths=FILE
    )
