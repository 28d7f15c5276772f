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


def of_a_list(events: Path) -> None:
    (events / "manifest.json").write_text("[]")


def without_rows(events: Path) -> None:
    file = events / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["rows"]
    file.write_text(json.dumps(manifest))


def with_a_part_cut_off(table: Path) -> None:
    file = next(table.glob("parts-*/00000.parquet"))
    file.write_bytes(file.read_bytes()[:-1])


def with_a_part_of_noise(events: Path) -> None:
    file = next(events.glob("parts-*/00000.parquet"))
    file.write_bytes(b"x" * file.stat().st_size)


def without_a_part(events: Path) -> None:
    next(events.glob("parts-*/00000.parquet")).unlink()


NO_MANIFEST = (
    "EVENTS/manifest.json does not say what a manifest says; expected an object with "
    "schema_version, digest, rows, bytes, total_rows: it was changed by hand. Run seqchurn prepare "
    "--force, or seqchurn score --force if it is of scores."
)
CUT_OFF = (
    "EVENTS/parts-N/00000.parquet is damaged: it has N bytes, and N were written. Run seqchurn "
    "prepare --force, or seqchurn score --force if it is of scores."
)
DAMAGES: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "no table": (
        without_table,
        3,
        "there is no table in EVENTS: expected manifest.json. Run seqchurn prepare.",
    ),
    "no JSON": (
        without_json,
        3,
        "EVENTS/manifest.json is not JSON; it was changed by hand. Run seqchurn prepare --force, "
        "or seqchurn score --force if it is of scores.",
    ),
    "another version": (
        of_another_version,
        3,
        "the table in EVENTS has schema version 0, this program reads version N. Run seqchurn "
        "prepare to rebuild it.",
    ),
    "a list": (of_a_list, 3, NO_MANIFEST),
    "no rows": (without_rows, 3, NO_MANIFEST),
    "a part cut off": (with_a_part_cut_off, 3, CUT_OFF),
    "a part of noise": (
        with_a_part_of_noise,
        3,
        "EVENTS/parts-N/00000.parquet is damaged (parquet: File out of specification: The file "
        "must end with PAR1 or PARE). Run seqchurn prepare --force, or seqchurn score --force if "
        "it is of scores.",
    ),
    "a part gone": (
        without_a_part,
        7,
        "EVENTS/parts-N/00000.parquet has gone: the table was replaced while it was read, or "
        "changed by hand. Run it again; if that does not help, run seqchurn prepare --force, or "
        "seqchurn score --force if it is of scores.",
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


@pytest.mark.parametrize("kind", ["events", "sequences"])
@pytest.mark.parametrize(
    "harm", [without_table, without_json, of_a_list, without_rows, with_a_part_cut_off]
)
def test_a_damage_that_shows_is_mended_without_force(
    harm: Callable[[Path], None], kind: str, prepared: Shop
) -> None:
    digest = prepared.table(kind).snapshot().digest
    harm(prepared.table(kind).folder)
    prepared.must("prepare")
    snapshot = prepared.table(kind).snapshot()
    assert snapshot.digest == digest
    assert snapshot.scan().collect().height == snapshot.manifest["total_rows"]


@pytest.mark.parametrize("verb", ["train", "evaluate", "score"])
@pytest.mark.parametrize("harm", [with_a_part_cut_off, without_a_part, of_a_list])
def test_damaged_sequences_are_told_by_every_verb_that_reads_them(
    harm: Callable[[Path], None], verb: str, trained: Shop
) -> None:
    sequences = trained.table("sequences").folder
    harm(sequences)
    done = trained.run(verb)
    assert done.status == (7 if harm is without_a_part else 3)
    assert done.err.splitlines()[-1].startswith(f"seqchurn {verb}: {sequences}/")
    assert done.err.endswith("seqchurn score --force if it is of scores.\n")


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
