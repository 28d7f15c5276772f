from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from seqchurn.storage import BucketStore, tables_by_moment
from seqchurn.waits import Clock

BERLIN = Clock(1.0, "Europe/Berlin")
NOON, MIDNIGHT = datetime(2024, 6, 1, 12, tzinfo=UTC), datetime(2024, 6, 1, 22, tzinfo=UTC)


def publish(folder: Path, name: str, as_of: datetime) -> BucketStore:
    store = BucketStore(folder / f"as_of={name}")
    with store.publish(as_of=as_of.isoformat()) as writer:
        writer.write(0, pl.DataFrame({"customer_id": ["a"]}))
    return store


def test_tables_come_by_rising_moments_as_their_names_are_read(tmp_path: Path) -> None:
    local = publish(tmp_path, "2024-06-02", MIDNIGHT)
    utc = publish(tmp_path, "2024-06-01T120000Z", NOON)
    found = tables_by_moment(tmp_path, BERLIN.instant)
    assert {moment: table.folder for moment, table in found.items()} == {
        NOON: utc.folder,
        MIDNIGHT: local.folder,
    }
    assert list(found) == [NOON, MIDNIGHT]


def test_what_was_never_published_is_no_table_and_copies_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "as_of=2024-06-03" / "unfinished").mkdir(parents=True)
    for name in ("2024-06-02.bak", "2024-06-04", "old"):
        publish(tmp_path, name, MIDNIGHT)
    with caplog.at_level(logging.WARNING, logger="seqchurn"):
        assert tables_by_moment(tmp_path, BERLIN.instant) == {}
    assert [record.getMessage() for record in caplog.records] == [
        f"left out {tmp_path}/as_of={name}, whose name does not agree with its manifest"
        for name in ("2024-06-02.bak", "2024-06-04", "old")
    ]


def test_a_damaged_table_goes_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "as_of=2024-06-02").mkdir()
    (tmp_path / "as_of=2024-06-02" / "manifest.json").write_text("{")
    [(moment, table)] = tables_by_moment(tmp_path, BERLIN.instant).items()
    assert (moment, table.exists()) == (MIDNIGHT, False)
