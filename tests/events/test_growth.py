"""A store that grows: what is read, and when, and what becomes of files that change or go."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from seqchurn.errors import DataError, EnvironmentFailure, LockedError
from seqchurn.events import ingest, quarantine_store
from seqchurn.events.deliveries import Deliveries, reading
from tests.events.growing_shop import START, Shop, orders, row, state


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read, as they are."""
    seen: list[str] = []
    read = reading.read

    def noted(source: Any, files: Any, **options: Any) -> Any:
        seen.extend(file.name for file in files)
        return read(source, files, **options)

    monkeypatch.setattr(reading, "read", noted)
    return seen


def test_only_new_and_changed_files_are_read(shop: Shop, reads: list[str]) -> None:
    shop.deliver("1.json", [row("a")])
    shop.deliver("2.json", [row("b")])
    shop.prepare()
    assert reads == ["1.json", "2.json"]
    reads.clear()
    shop.deliver("3.json", [row("c")])
    shop.deliver("1.json", [row("a"), row("d")])
    shop.prepare()
    assert reads == ["1.json", "3.json"]
    assert shop.customers == ["a", "b", "c", "d"]
    reads.clear()
    for file in shop.raw.iterdir():  # its content tells a change, its time does not
        os.utime(file, (0, 0))
    shop.prepare()
    assert reads == []


def test_force_reads_all_again(shop: Shop, reads: list[str]) -> None:
    shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    reads.clear()
    assert state(shop.prepare(force=True)) == before
    assert reads == ["1.json"]


def test_another_mapping_reads_all_again_and_another_limit_does_not(
    tmp_path: Path, reads: list[str]
) -> None:
    Shop(tmp_path).deliver("1.json", [row("a", note="x")])
    Shop(tmp_path).prepare()
    reads.clear()
    Shop(tmp_path, orders(max_bad_fraction=0.5, on_change="refuse")).prepare()
    assert reads == []
    shop = Shop(tmp_path, orders(attributes={"note": {"column": "note", "type": "category"}}))
    assert shop.prepare().scan().collect()["note"].to_list() == ["x"]
    assert reads == ["1.json"]


def test_a_corrected_file_takes_the_place_of_the_old_one(shop: Shop) -> None:
    shop.deliver("1.json", [row("a"), row("gone"), row("", 1)])
    shop.deliver("2.json", [row("b"), row("", 2)])
    shop.prepare()
    shop.deliver("1.json", [row("a", amount=5)], damaged=["{"])
    assert state(shop.prepare()) == state(shop.rebuilt())
    assert shop.customers == ["a", "b"]
    refused = quarantine_store(shop.store).scan().collect()
    assert refused["rule"].to_list() == ["json_broken", "customer_id_missing"]


def test_a_file_that_must_not_change_stops_the_run(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(on_change="refuse"))
    file = shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    shop.deliver("1.json", [row("a"), row("b")])
    with pytest.raises(DataError, match=rf"source orders: {file} has changed .* is refuse"):
        shop.prepare()
    assert state(shop.store) == before
    shop.deliver("1.json", [row("a")])
    assert state(shop.prepare()) == before


def test_a_file_that_was_cleared_away_stays_in_the_table(shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    (shop.raw / "1.json").unlink()
    assert state(shop.prepare()) == before
    shop.deliver("2.json", [row("b")])
    shop.prepare()
    assert shop.customers == ["a", "b"]
    shop.prepare(force=True)
    assert shop.customers == ["a", "b"]


def test_what_was_in_a_file_goes_with_it_if_the_config_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(on_missing="drop"))
    shop.deliver("1.json", [row("a")])
    shop.deliver("2.json", [row("b")])
    shop.prepare()
    (shop.raw / "1.json").unlink()
    assert state(shop.prepare()) == state(shop.rebuilt())
    assert shop.customers == ["b"]


def test_a_file_that_was_renamed_counts_once(shop: Shop) -> None:
    shop.deliver("1.json", [row("a"), row("a")])
    shop.prepare()
    (shop.raw / "1.json").rename(shop.raw / "2.json")
    assert state(shop.prepare()) == state(shop.rebuilt())
    assert shop.store.manifest()["n_events"] == 2


def test_another_mapping_needs_the_files_that_are_gone(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    first = shop.deliver("1.json", [row("a")])
    shop.deliver("2.json", [row("b")])
    before = state(shop.prepare())
    first.unlink()
    with pytest.raises(DataError, match=rf"1 that were read are gone, as {first}.*on_missing"):
        Shop(tmp_path, orders(event_type="purchase")).prepare()
    assert state(shop.prepare()) == before
    other = Shop(tmp_path, orders(event_type="purchase", on_missing="drop"))
    other.prepare()
    assert other.customers == ["b"]


def test_a_column_that_only_some_files_have_is_null_in_the_others(shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    shop.prepare()
    shop.deliver("2.json", [{"user": "b", "at": "2024-01-01"}])
    assert state(shop.prepare()) == state(shop.rebuilt())
    assert shop.store.scan().collect().sort("customer_id")["amount"].to_list() == [1.0, None]


def test_line_items_of_two_deliveries_are_one_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(fold_by=["basket"]))
    shop.deliver("1.json", [row("a", 0, basket="p", amount=2)])
    shop.prepare()
    shop.deliver("2.json", [row("a", 1, basket="p", amount=3), row("a", 2, basket="q")])
    shop.prepare()
    events = shop.store.scan().sort("timestamp").collect()
    assert events["amount"].to_list() == [5.0, 1.0]
    assert [stamp.day for stamp in events["timestamp"]] == [2, 3]


def test_a_record_that_was_delivered_again_is_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(event_id="id"))
    shop.deliver("1.json", [row("a", id=1)])
    shop.prepare()
    shop.deliver("2.json", [row("a", id=1), row("a", 1, id=2)])
    (report,) = ingest(shop.config, shop.store)
    assert (report.read, report.kept, report.duplicate) == (3, 2, 1)


def test_what_was_of_the_future_is_read_again_when_it_is_not(shop: Shop) -> None:
    shop.deliver("1.json", [row("a"), row("b", 10)])
    shop.deliver("2.json", [row("c")])
    shop.prepare(now=START + timedelta(days=2))
    assert shop.customers == ["a", "c"]
    shop.prepare(now=START + timedelta(days=8))
    assert shop.customers == ["a", "c"]
    shop.prepare(now=START + timedelta(days=9))
    assert shop.customers == ["a", "b", "c"]


def test_a_file_that_changes_while_it_is_read_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    read = reading.read

    def growing(source: Any, files: Any, **options: Any) -> Any:
        found = read(source, files, **options)
        with file.open("a") as end:
            end.write("\n")
        return found

    shop.deliver("1.json", [row("b")])
    monkeypatch.setattr(reading, "read", growing)
    with pytest.raises(EnvironmentFailure, match=rf"{file} changed while it was read"):
        shop.prepare()
    assert state(shop.store) == before


def test_another_run_on_the_same_table_is_refused(shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    with (
        Deliveries(shop.store.folder / "deliveries").locked(),
        pytest.raises(LockedError, match="another run is preparing .*events"),
    ):
        shop.prepare()
    shop.prepare()


def test_nothing_is_left_of_a_file_whose_place_was_taken(shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    shop.prepare()
    shop.deliver("1.json", [row("b")])
    shop.prepare()
    assert len(list((shop.store.folder / "deliveries" / "parts").iterdir())) == 1
    assert not (shop.store.folder / "deliveries" / "unfinished").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 3, "sources": 1}'])
def test_a_damaged_ledger_is_told(text: str, shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    ledger = shop.store.folder / "deliveries" / "ledger.json"
    ledger.write_text(text)
    with pytest.raises(DataError, match=r"ledger.json is damaged .*reads all logs again"):
        shop.prepare()
    shutil.rmtree(ledger.parent)
    assert state(shop.prepare()) == before
