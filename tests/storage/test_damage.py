"""Files of a table that are not what was written are told by name, and mended by writing anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.storage import BucketStore

FRAME = pl.DataFrame({"customer_id": ["a", "b"], "amount": [1.0, 2.0]})


@pytest.fixture
def store(tmp_path: Path) -> BucketStore:
    """A table with two buckets."""
    return published(BucketStore(tmp_path / "t"))


def published(store: BucketStore) -> BucketStore:
    with store.publish(fact=1) as writer:
        writer.write(0, FRAME)
        writer.write(3, FRAME.reverse())
    return store


def files(store: BucketStore) -> dict[str, bytes]:
    paths = sorted(store.folder.rglob("*"))
    return {str(p.relative_to(store.folder)): p.read_bytes() for p in paths if p.is_file()}


def test_the_manifest_says_how_long_the_files_are(store: BucketStore) -> None:
    snapshot = store.snapshot()
    sizes = {str(bucket): snapshot.file(bucket).stat().st_size for bucket in (0, 3)}
    assert snapshot.manifest["bytes"] == sizes
    assert snapshot.facts == {"fact": 1}


MANIFESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a list": lambda _: [],
    "null": lambda _: None,
    "a number": lambda _: 7,
    "no digest": lambda m: {k: v for k, v in m.items() if k != "digest"},
    "no rows": lambda m: {k: v for k, v in m.items() if k != "rows"},
    "no bytes": lambda m: {k: v for k, v in m.items() if k != "bytes"},
    "no total": lambda m: {k: v for k, v in m.items() if k != "total_rows"},
    "a digest of another type": lambda m: {**m, "digest": None},
    "rows of another type": lambda m: {**m, "rows": [1, 2]},
    "bytes of another type": lambda m: {**m, "bytes": 12},
    "other buckets": lambda m: {**m, "rows": {"0": 2}},
    "buckets that are no numbers": lambda m: {**m, "rows": {"x": 2}, "bytes": {"x": 9}},
}


@pytest.mark.parametrize("damage", MANIFESTS)
def test_a_manifest_that_is_none_is_refused_and_replaced(damage: str, store: BucketStore) -> None:
    before, file = files(store), store.folder / "manifest.json"
    file.write_text(json.dumps(MANIFESTS[damage](json.loads(file.read_text()))))
    with pytest.raises(DataError, match="manifest.json does not say what a manifest says; expec"):
        store.snapshot()
    assert not store.exists()
    assert files(published(store)) == before


def test_a_file_of_another_length_is_refused_and_replaced(store: BucketStore) -> None:
    before, file = files(store), store.snapshot().file(3)
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-9])
    said = f"{file} is damaged: it has {size - 9} bytes, and {size} were written. Run seqchurn pre"
    for read in (lambda: store.read(3), store.scan):
        with pytest.raises(DataError, match=said):
            read()
    assert store.read(0).equals(FRAME)  # the other bucket
    assert not store.exists()
    assert files(published(store)) == before


def test_a_file_that_has_gone_is_told_before_rows_are_read(store: BucketStore) -> None:
    store.snapshot().file(3).unlink()
    with pytest.raises(
        EnvironmentFailure,
        match=r"00003.parquet has gone: .* prepare --force, or seqchurn score --force",
    ):
        store.scan()


def test_a_file_of_the_same_length_that_is_no_parquet_is_refused(store: BucketStore) -> None:
    file = store.snapshot().file(0)
    file.write_bytes(b"x" * file.stat().st_size)
    with pytest.raises(DataError, match=r"00000.parquet is damaged \(.*\)\. Run seqchurn prepare"):
        store.read(0)


def test_a_column_that_a_table_has_not_is_no_damage(store: BucketStore) -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="age"):
        store.read(0, ["age"])
