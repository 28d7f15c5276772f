from __future__ import annotations

import errno
import json
import threading
from pathlib import Path

import polars as pl
import pytest

from seqchurn.errors import DataError, EnvironmentFailure, LockedError
from seqchurn.files import locked
from seqchurn.storage import BucketStore

FRAME = pl.DataFrame({"customer_id": ["a", "b"], "amount": [1.0, 2.0]})


def publish(store: BucketStore, *frames: pl.DataFrame, **facts: object) -> None:
    with store.publish(**facts) as writer:
        for bucket, frame in enumerate(frames):
            writer.write(bucket, frame)


def files(store: BucketStore) -> dict[str, bytes]:
    paths = sorted(store.folder.rglob("*"))
    return {str(p.relative_to(store.folder)): p.read_bytes() for p in paths if p.is_file()}


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    with store.publish(name="x") as writer:
        writer.write(3, FRAME)
        writer.write(12, FRAME.lazy().head(1))
        writer.facts["late"] = [1]
    assert store.exists()
    assert store.buckets() == [3, 12]
    assert store.read(3).equals(FRAME)
    assert store.read(3, columns=["amount"]).columns == ["amount"]
    assert store.scan().collect().height == 3
    manifest = store.manifest()
    assert manifest["rows"] == {"3": 2, "12": 1}
    assert (manifest["total_rows"], manifest["name"], manifest["late"]) == (3, "x", [1])


def test_the_same_rows_give_the_same_files(tmp_path: Path) -> None:
    one, two = BucketStore(tmp_path / "one"), BucketStore(tmp_path / "two")
    for store in (one, two):
        publish(store, FRAME, FRAME.reverse(), fact=1)
    assert files(one) == files(two)
    publish(one, FRAME, FRAME.reverse(), fact=1)
    assert files(one) == files(two)


def test_a_new_publication_replaces_the_old_one(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    publish(store, FRAME.head(1))
    assert store.scan().collect().equals(FRAME.head(1))


def test_a_snapshot_is_read_whole_while_the_table_is_replaced(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME, FRAME.reverse(), fact=1)
    digest, snapshot, lazy = store.manifest()["digest"], store.snapshot(), store.scan()
    publish(store, FRAME.head(1), fact=2)
    with store.publish():  # one that is still being written
        assert (snapshot.digest, snapshot.manifest["fact"]) == (digest, 1)
        assert snapshot.buckets() == [0, 1]
        assert snapshot.read(1).equals(FRAME.reverse())
        both = pl.concat([FRAME, FRAME.reverse()])
        assert lazy.collect().equals(both)
        assert snapshot.scan().collect().equals(both)


def test_only_the_parts_that_were_replaced_last_stay(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    snapshots = []
    for rows in (FRAME, FRAME.head(1), FRAME.tail(1)):
        publish(store, rows)
        snapshots.append(store.snapshot())
    assert len(list(store.folder.glob("parts-*"))) == 2
    assert snapshots[1].read(0).equals(FRAME.head(1))
    with pytest.raises(EnvironmentFailure, match="was replaced while it was read"):
        snapshots[0].read(0)


def test_a_lock_is_waited_for_as_long_as_was_said(tmp_path: Path) -> None:
    file = tmp_path / ".lock"
    held, freed = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(file, "busy"):
            held.set()
            freed.wait(timeout=60)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    assert held.wait(timeout=60)
    with pytest.raises(LockedError, match="busy"), locked(file, "busy", wait_seconds=0.1):
        pass
    threading.Timer(0.2, freed.set).start()
    with locked(file, "busy", wait_seconds=30):
        assert freed.is_set()
    holder.join()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_publication_changes_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    before = files(store)

    def interrupted() -> None:
        with store.publish() as writer:
            writer.write(0, FRAME.head(1))
            raise error("stop")

    with pytest.raises(error, match="stop"):
        interrupted()
    assert files(store) == before


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    before = files(store)
    for left in ("unfinished/parts", "parts-000000000000"):
        (store.folder / left).mkdir(parents=True)
        (store.folder / left / "00000.parquet").write_bytes(b"half")
    publish(store, FRAME)
    assert files(store) == before


def test_a_damaged_file_is_repaired_by_publishing_again(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    next(store.folder.rglob("00000.parquet")).write_bytes(b"damage")
    publish(store, FRAME)
    assert store.read(0).equals(FRAME)


def test_a_missing_table_says_to_prepare(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    assert not store.exists()
    with pytest.raises(DataError, match="no table in .*/t.*Run seqchurn prepare"):
        store.manifest()


def test_a_table_of_another_version_says_to_rebuild(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    file = store.folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema_version": 0}))
    assert not store.exists()
    with pytest.raises(DataError, match=r"schema version 0.*to rebuild"):
        store.buckets()


def test_a_manifest_changed_by_hand_is_refused(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    (store.folder / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        store.manifest()


def test_a_file_that_has_gone_says_so(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    next(store.folder.rglob("00000.parquet")).unlink()
    assert not store.exists()
    with pytest.raises(EnvironmentFailure, match="was replaced while it was read"):
        store.read(0)


def test_a_full_disk_is_a_failure_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    before = files(store)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(EnvironmentFailure, match="No space left on device.*Check space"):
        publish(store, FRAME.head(1))
    assert files(store) == before


def test_a_file_in_place_of_the_folder_is_a_failure_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("")
    with pytest.raises(EnvironmentFailure, match="could not write the table"):
        publish(BucketStore(tmp_path / "t"), FRAME)


def test_two_runs_cannot_write_one_table(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    with store.publish() as writer:
        writer.write(0, FRAME)
        with pytest.raises(LockedError, match="another run is writing"):
            publish(BucketStore(tmp_path / "t"), FRAME)
    assert store.read(0).equals(FRAME)


def test_a_purge_leaves_the_published_parts_and_the_lock_alone(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    assert store.purge() == 0
    assert not store.folder.exists()
    publish(store, FRAME, fact=1)
    published = files(store)
    publish(store, FRAME.head(1), fact=2)
    publish(store, FRAME, fact=1)
    for left in ("unfinished/parts", "parts-000000000000"):
        (store.folder / left).mkdir(parents=True)
        (store.folder / left / "00000.parquet").write_bytes(b"half")
    assert store.purge() == 2
    assert files(store) == published
    assert store.purge() == 0


def test_a_purge_of_everything_leaves_no_table(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    publish(store, FRAME.head(1))
    assert store.purge(everything=True) == 2
    assert list(files(store)) == [".lock"]
    with pytest.raises(DataError, match="there is no table"):
        store.snapshot()
    publish(store, FRAME)
    assert store.read(0).equals(FRAME)


@pytest.mark.parametrize("damage", ["version", "file"])
def test_a_purge_of_a_table_that_cannot_be_read_leaves_no_rows(tmp_path: Path, damage: str) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME, FRAME)
    if damage == "version":
        manifest = store.folder / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 0}))
    else:
        store.snapshot().file(1).unlink()
    assert store.purge() == 1
    assert sorted(files(store)) == [".lock", "manifest.json"]
    publish(store, FRAME)
    assert store.read(0).equals(FRAME)


def test_a_table_that_is_being_written_is_not_purged(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    with store.publish() as writer:
        writer.write(0, FRAME)
        with pytest.raises(LockedError, match="another run is writing"):
            store.purge()
    assert store.read(0).equals(FRAME)


def test_a_purge_that_the_disk_refuses_is_a_failure_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BucketStore(tmp_path / "t")
    publish(store, FRAME)
    publish(store, FRAME.head(1))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("seqchurn.storage.store.shutil.rmtree", refuse)
        with pytest.raises(EnvironmentFailure, match="Permission denied.*Check space"):
            store.purge()
    assert store.purge() == 1


def test_facts_are_what_the_writer_said(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "t")
    with store.publish(name="x") as writer:
        writer.write(0, FRAME)
        writer.facts["late"] = [1]
    assert store.snapshot().facts == {"name": "x", "late": [1]}
