"""Errors of tables and files on the disk, word for word, and that doing what they say helps."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.files import locked
from seqchurn.storage import BucketWriter
from tests.shop import CONFIG, Shop, draw_logs, write_logs


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("once")
    write_logs(folder, *draw_logs())
    shop = Shop(folder).again("shop")
    shop.must("prepare")
    return shop


@pytest.fixture
def prepared(once: Shop, tmp_path: Path) -> Shop:
    """A shop with tables, to work on."""
    shutil.copytree(once.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop")


def published(shop: Shop) -> dict[str, bytes]:
    """The tables; what was read of the logs is kept beside them, and may be read again."""
    return {n: c for n, c in shop.tree().items() if "/deliveries/" not in n}


def without_table(events: Path) -> None:
    shutil.rmtree(events)


def without_json(events: Path) -> None:
    (events / "manifest.json").write_text("{")


def of_another_version(events: Path) -> None:
    file = events / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema_version": 0}))


def without_a_part(events: Path) -> None:
    next(events.glob("parts-*/00000.parquet")).unlink()


DAMAGES: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "no table": (
        without_table,
        3,
        "there is no table in EVENTS: expected manifest.json. Run seqchurn prepare.",
    ),
    "no JSON": (
        without_json,
        3,
        "EVENTS/manifest.json is not JSON; it was changed by hand. Run seqchurn prepare --force.",
    ),
    "another version": (
        of_another_version,
        3,
        "the table in EVENTS has schema version 0, this program reads version N. Run seqchurn "
        "prepare to rebuild it.",
    ),
    "a part gone": (
        without_a_part,
        7,
        "EVENTS/parts-N/00000.parquet has gone: the table was replaced while it was read, or "
        "changed by hand. Run it again; if that does not help, run seqchurn prepare --force.",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_is_told_and_what_the_message_says_to_run_mends_it(
    damage: str, prepared: Shop
) -> None:
    harm, status, words = DAMAGES[damage]
    events, digest = prepared.table("events").folder, prepared.table("events").snapshot().digest
    harm(events)
    done = prepared.run("inspect")
    said = re.escape(f"seqchurn inspect: {words.replace('EVENTS', str(events))}\n")
    assert done.status == status
    assert re.fullmatch(re.sub(r"(?<=[- ])N", "[0-9a-f]+", said), done.err)
    prepared.must("prepare", *(["--force"] if "--force" in words else []))
    assert prepared.table("events").exists()
    assert prepared.table("events").snapshot().digest == digest


def test_a_table_that_another_run_writes_is_told(prepared: Shop) -> None:
    before = published(prepared)
    events = prepared.table("events").folder
    with locked(events / ".lock", ""):
        done = prepared.run("prepare", "--force", "--quiet")
    said = f"seqchurn prepare: another run is writing {events}. Wait until it has ended.\n"
    assert (done.status, done.out, done.err) == (5, "", said)
    assert published(prepared) == before


def test_a_disk_that_is_full_is_told(prepared: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before, digest = published(prepared), prepared.table("events").snapshot().digest

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(BucketWriter, "write", full)
    done = prepared.run("prepare", "--force", "--quiet")
    said = (
        rf"seqchurn prepare: could not write the table {prepared.store}/events/shop\S*: "
        r"\[Errno 28\] No space left on device\. Nothing that was published has changed\. Check "
        r"space and permissions of the disk, then run it again\.\n"
    )
    assert (done.status, done.out) == (7, "")
    assert re.fullmatch(said, done.err)
    assert published(prepared) == before
    monkeypatch.undo()
    prepared.must("prepare")
    assert prepared.table("events").snapshot().digest == digest


def test_a_disk_that_refuses_a_file_is_told(prepared: Shop) -> None:
    page = prepared.store / "inspection" / "shop" / "inspection.html"
    page.mkdir(parents=True)
    done = prepared.run("inspect")
    assert done.status == 7
    assert done.err.startswith(f"seqchurn inspect: could not write {page}: ")
    assert done.err.endswith(". Check space and permissions of the disk, then run it again.\n")
    assert list(page.parent.iterdir()) == [page]


def test_a_config_that_maps_more_than_the_table_has_is_told(prepared: Shop) -> None:
    orders, *others = CONFIG["events"]["sources"]
    more = {**orders["attributes"], "tax": {"column": "amount"}, "fee": {"column": "amount"}}
    sources = [{**orders, "attributes": more}, *others]
    done = prepared.again("shop", events={**CONFIG["events"], "sources": sources}).run("inspect")
    said = "the events have no fee, tax, which the config maps. Run seqchurn prepare.\n"
    assert (done.status, done.err) == (3, f"seqchurn inspect: {said}")
    prepared.must("prepare")
    assert "fee" in prepared.must("inspect")
