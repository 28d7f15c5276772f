"""Rows -> the same rows in folders by number, so that few of them are in memory at a time.

folder/<anything>/seqchurn:to=3/*.parquet
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

__all__ = ["Shares", "gathered", "spread"]

_TO = "seqchurn:to"


@dataclass(frozen=True)
class Shares:
    """The buckets of a table in groups of neighbours, as many groups as memory asks for."""

    buckets: int
    shares: int
    """At most as many as there are buckets."""

    @classmethod
    def of_rows(cls, rows: int, at_once: int, buckets: int) -> Shares:
        """As many as it takes for a share to have few rows, but no less than a bucket in one.

        Args:
            rows: How many there are.
            at_once: How many of them may be in memory.
            buckets: Number of buckets.
        """
        return cls(buckets, max(1, min(buckets, -(-rows // at_once))))

    def of(self, bucket: pl.Expr) -> pl.Expr:
        """Share of each bucket, from 0 on."""
        return bucket.cast(pl.Int32) * self.shares // self.buckets

    def buckets_of(self, share: int) -> list[int]:
        """The buckets of a share."""
        return [b for b in range(self.buckets) if b * self.shares // self.buckets == share]


def spread(rows: pl.LazyFrame, folder: Path, to: pl.Expr) -> None:
    """Write rows to folders by number, in a stream.

    Args:
        rows: Any.
        folder: Is made, with what is above it.
        to: Number of each row.
    """
    rows.with_columns(to.alias(_TO)).sink_parquet(
        pl.PartitionBy(folder, key=_TO, include_key=False),
        mkdir=True,
        compression="lz4",
        statistics=False,
    )


def gathered(folder: Path, number: int, schema: pl.Schema) -> pl.LazyFrame:
    """Rows of one number that were spread below a folder or below folders in it, in any order.

    Args:
        folder: What `spread` was told, or the folder that all of these are in.
        number: Of the rows.
        schema: Of the rows; if there are none, nothing else tells it.
    """
    files = sorted(folder.glob(f"**/{_TO}={number}/*.parquet"))
    if not files:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(files, hive_partitioning=False).select(schema.names())
