"""What a publication that fails leaves in the scratch folder, and for whom."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import EnvironmentFailure
from seqchurn.storage import BucketStore

FRAME = pl.DataFrame({"customer_id": ["a", "b"], "amount": [1.0, 2.0]})


def begin(store: BucketStore, work: str, found: list[str]) -> None:
    """Do some of the work and fail."""
    with store.publish(resumes=work) as writer:
        found += sorted(path.name for path in writer.scratch.iterdir())
        (writer.scratch / f"of-{work}").write_text("done")
        writer.write(0, FRAME)
        raise OSError(errno.ENOSPC, "No space left on device")


def test_scratch_of_the_same_work_stays_until_it_is_published(tmp_path: Path) -> None:
    store, found = BucketStore(tmp_path / "t"), list[str]()
    for _ in range(2):
        with pytest.raises(EnvironmentFailure, match="No space left"):
            begin(store, "a", found)
    assert found == ["of-a"]
    (store.folder / "unfinished" / "manifest.json").write_text("{}")  # of a run that was killed
    with store.publish(resumes="a") as writer:
        assert (writer.scratch / "of-a").read_text() == "done"
        writer.write(1, FRAME)
    assert store.buckets() == [1]  # parts are written anew
    assert not (store.folder / "unfinished").exists()


def test_scratch_of_other_work_goes(tmp_path: Path) -> None:
    store, found = BucketStore(tmp_path / "t"), list[str]()
    for work in ("a", "b", "a"):
        with pytest.raises(EnvironmentFailure, match="No space left"):
            begin(store, work, found)
    assert found == []
    with store.publish() as writer:
        writer.write(0, FRAME)
    assert not (store.folder / "unfinished").exists()


@pytest.mark.parametrize("remove", [BucketStore.purge, BucketStore.clear])
def test_what_must_be_forgotten_goes_with_the_scratch(tmp_path: Path, remove: Any) -> None:
    store, found = BucketStore(tmp_path / "t"), list[str]()
    with pytest.raises(EnvironmentFailure, match="No space left"):
        begin(store, "a", found)
    remove(store)
    assert [path.name for path in store.folder.iterdir()] == [".lock"]
