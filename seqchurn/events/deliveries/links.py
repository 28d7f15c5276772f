"""The records of a part -> which identifiers stand beside each other in them, set apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, groupby
from pathlib import Path

import polars as pl

from seqchurn.events.deliveries.part import OTHER, OWN, Part
from seqchurn.events.identity.identifiers import LINKED
from seqchurn.events.sources import FILE
from seqchurn.schema import CUSTOMER_ID

__all__ = ["set_links_apart"]

_BYTES_AT_ONCE = 32 << 20
"""Of records whose links are told apart in memory."""


def set_links_apart(part: Part) -> None:
    """Write the links of the records of a part, each once per file, if records can have any."""
    if LINKED not in pl.read_parquet_schema(part.schema_file):
        return
    for number, files in enumerate(_some_at_once(part.record_files())):
        rows = pl.scan_parquet(files, hive_partitioning=False)
        links = rows.filter(pl.col(LINKED).is_not_null()).select(
            FILE, pl.col(CUSTOMER_ID).alias(OWN), pl.col(LINKED).alias(OTHER)
        )
        links.explode(OTHER).unique().sink_parquet(part.folder / f"links-{number}.parquet")


def _some_at_once(files: list[Path]) -> Iterator[list[Path]]:
    """Files in groups that fit into memory; equal links are of one bucket, so seldom of two."""
    sizes = accumulate(file.stat().st_size for file in files)
    of_group = groupby(zip(files, sizes, strict=True), lambda found: found[1] // _BYTES_AT_ONCE)
    for _, group in of_group:
        yield [file for file, _ in group]
