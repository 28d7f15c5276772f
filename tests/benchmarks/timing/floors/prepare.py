"""The least that `prepare` could cost: files of a log -> files of sequences, by bare Polars.

    python -m tests.benchmarks.timing.floors.prepare LOG OUT parquet 64

Pass 1 streams the rows into files by a hash of the customer, pass 2 sorts each of them and folds
it into lists. It checks nothing, refuses nothing and counts nothing; it makes no event ids, no
table of events and no manifest, trusts the types of the columns, breaks ties of time in any order,
hashes by what Polars may change with its next version, and does not wait for the disk.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

TYPES = {"customer": pl.Int64, "at": pl.String, "what": pl.String, "amount": pl.Float32}


def main(log: Path, out: Path, kind: str, buckets: int) -> None:
    """Fold a log."""
    rows = pl.scan_parquet(log / "*.parquet")
    if kind == "csv":
        rows = pl.scan_csv(log / "*.csv", schema=TYPES).with_columns(
            pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")
        )
    rows.select(
        customer_id="customer",
        timestamp="at",
        event_type="what",
        amount=pl.col("amount").cast(pl.Float32),
        bucket=pl.col("customer").hash() % buckets,
    ).sink_parquet(
        pl.PartitionBy(out / "rows", key="bucket", include_key=False), compression="lz4", mkdir=True
    )
    (out / "sequences").mkdir()
    for number, bucket in enumerate(sorted((out / "rows").iterdir())):
        (
            pl.read_parquet(bucket)
            .lazy()
            .sort("timestamp")
            .group_by("customer_id")
            .agg("timestamp", "event_type", "amount")
            .with_columns(pl.col("customer_id").cast(pl.String))
            .sort("customer_id")
            .collect()
            .write_parquet(out / "sequences" / f"{number:03}.parquet", compression="lz4")
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
