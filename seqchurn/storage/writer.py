"""Rows of buckets -> the files of a publication that is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from seqchurn.storage.manifest import file_name

__all__ = ["BucketWriter"]

T = TypeVar("T")

_AT_ONCE = 2
"""Buckets in memory: much of the work on one keeps a single core busy."""


class BucketWriter:
    """Takes the buckets of one publication; made by `BucketStore.publish`."""

    def __init__(self, parts: Path, scratch: Path, facts: dict[str, Any]) -> None:
        """Make the folders to write to.

        Args:
            parts: Folder of the files, not there yet.
            scratch: Folder for work in between, which may hold some of it.
            facts: What the manifest will say beside digest and rows; add to it while writing.
        """
        self.facts = facts
        self._parts = parts
        self.scratch = scratch
        """Folder for work in between on the same disk; removed when all is published."""
        parts.mkdir(parents=True)
        scratch.mkdir(exist_ok=True)

    def write(self, bucket: int, frame: pl.DataFrame | pl.LazyFrame) -> None:
        """Write the rows of one bucket; a lazy frame is streamed to the file."""
        file = self._parts / file_name(bucket)
        if isinstance(frame, pl.LazyFrame):
            frame.sink_parquet(file)
        else:
            frame.write_parquet(file, compression_level=1)  # as small as 3, half the time

    def write_each(
        self, buckets: Iterable[int], make: Callable[[int], tuple[pl.DataFrame, T]]
    ) -> Iterator[T]:
        """Make and write the rows of many buckets, while others are made and written.

        Args:
            buckets: Their numbers.
            make: A bucket to its rows, none of which are written if there are none, and to
                whatever else is wanted of it; called in other threads.

        Yields:
            What else is wanted, in the order of the buckets.
        """

        def write_one(bucket: int) -> T:
            rows, more = make(bucket)
            if rows.height:
                self.write(bucket, rows)
            return more

        pending = deque[Future[T]]()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for bucket in buckets:
                    pending.append(pool.submit(write_one, bucket))
                    if len(pending) > _AT_ONCE:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)
