from __future__ import annotations

import threading
import time
from pathlib import Path

import polars as pl
import pytest

from seqchurn.errors import DataError
from seqchurn.storage import BucketStore


def rows(n: int) -> pl.DataFrame:
    return pl.DataFrame({"n": [n] * n}, schema={"n": pl.Int64})


def test_what_is_made_of_buckets_comes_in_their_order(tmp_path: Path) -> None:
    def make(bucket: int) -> tuple[pl.DataFrame, int]:
        time.sleep(0.02 * (bucket % 3 == 0))  # the others overtake it
        return rows(bucket), 10 * bucket

    store = BucketStore(tmp_path / "table")
    with store.publish() as writer:
        assert list(writer.write_each(range(7), make)) == [0, 10, 20, 30, 40, 50, 60]
    assert store.buckets() == [1, 2, 3, 4, 5, 6]  # one without rows has no file
    assert store.scan().collect()["n"].to_list() == [n for n in range(7) for _ in range(n)]


def test_two_buckets_are_in_work_and_never_more(tmp_path: Path) -> None:
    together = threading.Barrier(2, timeout=10.0)
    lock, most, now = threading.Lock(), 0, 0

    def make(bucket: int) -> tuple[pl.DataFrame, None]:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        together.wait()  # nobody leaves before another is there
        with lock:
            now -= 1
        return rows(1), None

    with BucketStore(tmp_path / "table").publish() as writer:
        for _ in writer.write_each(range(8), make):
            pass
    assert most == 2


def test_the_first_failure_ends_it_and_nothing_is_published(tmp_path: Path) -> None:
    begun = []

    def make(bucket: int) -> tuple[pl.DataFrame, None]:
        begun.append(bucket)
        if bucket == 3:
            raise DataError("bucket 3 is bad")
        return rows(1), None

    store = BucketStore(tmp_path / "table")
    with pytest.raises(DataError, match="bucket 3 is bad"), store.publish() as writer:
        for _ in writer.write_each(range(1_000), make):
            pass
    assert not store.exists()
    assert len(begun) < 10  # what was not begun is not begun any more
