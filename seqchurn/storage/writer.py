"""Rows of buckets -> the files of a publication that is under way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.storage.manifest import file_name

__all__ = ["BucketWriter"]


class BucketWriter:
    """Takes the buckets of one publication; made by `BucketStore.publish`."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        """Make the folders to write to.

        Args:
            folder: Unfinished folder beside the published parts.
            facts: What the manifest will say beside digest and rows; add to it while writing.
        """
        self.facts = facts
        self._parts = folder / "parts"
        self.scratch = folder / "scratch"
        """Folder for work in between on the same disk; removed at the end."""
        self._parts.mkdir(parents=True)
        self.scratch.mkdir()

    def write(self, bucket: int, frame: pl.DataFrame | pl.LazyFrame) -> None:
        """Write the rows of one bucket; a lazy frame is streamed to the file."""
        file = self._parts / file_name(bucket)
        if isinstance(frame, pl.LazyFrame):
            frame.sink_parquet(file)
        else:
            frame.write_parquet(file, compression_level=1)  # as small as 3, half the time
