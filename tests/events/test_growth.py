"""A store that grows by deliveries is the store that one run over all of them builds."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqchurn.config.events import EventsConfig
from seqchurn.errors import DataError, EnvironmentFailure, LockedError
from seqchurn.events import identity_store, ingest, quarantine_store
from seqchurn.events.deliveries import Deliveries, reading
from seqchurn.sequences import build_store
from seqchurn.storage import BucketStore

Row = dict[str, Any]

START = datetime(2024, 1, 1, tzinfo=UTC)


def orders(**changes: Any) -> Row:
    """A source of all the files of a folder."""
    return {
        "name": "orders",
        "kind": "ndjson",
        "path": "raw",
        "customer_id": "user",
        "timestamp": "at",
        "timezone": "UTC",
        "event_type": "order",
        "attributes": {"amount": {"column": "amount", "fold": "sum"}},
        "max_bad_fraction": 1,
        **changes,
    }


class Shop:
    """Files that arrive in a folder, and a store made of them."""

    def __init__(self, root: Path, *sources: Row, identity: Row | None = None) -> None:
        self.root = root
        self.raw = root / "raw"
        self.raw.mkdir(exist_ok=True, parents=True)
        placed = [{**source, "path": str(root / source["path"])} for source in sources]
        self.config = EventsConfig.model_validate(
            {"sources": placed or [orders(path=str(self.raw))], "buckets": 3, "identity": identity}
        )
        self.store = BucketStore(root / "events")

    def deliver(self, name: str, rows: list[Row], *, damaged: list[str] | None = None) -> Path:
        """Write a file of records, with lines that are none at its end."""
        file = self.raw / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(row) for row in rows] + (damaged or [])
        file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return file

    def prepare(self, store: Path | None = None, **options: Any) -> BucketStore:
        """Bring the store up to date; another folder builds it from nothing."""
        table = self.store if store is None else BucketStore(store)
        ingest(self.config, table, **options)
        return table

    def rebuilt(self) -> BucketStore:
        """All that is there now, read at once into an empty store."""
        shutil.rmtree(self.root / "anew", ignore_errors=True)
        return self.prepare(self.root / "anew")

    @property
    def customers(self) -> list[str]:
        return sorted(self.store.scan().select("customer_id").unique().collect().to_series())


def state(events: BucketStore) -> dict[str, str]:
    """Content of each file of all tables, and what became of the records."""
    sequences = BucketStore(events.folder / "sequences")
    attributes = [name for name in events.scan().collect_schema() if name == "amount"]
    build_store(events, sequences, attributes=attributes, static=[])
    tables = {
        "events": events,
        "sequences": sequences,
        "quarantine": quarantine_store(events),
        "identity": identity_store(events),
    }
    found = {name: table.manifest()["digest"] for name, table in tables.items() if table.exists()}
    facts = events.manifest()
    return {**found, "counts": json.dumps([facts["sources"], facts["quarantined"]])}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def row(user: str, day: int = 0, **more: Any) -> Row:
    return {"user": user, "at": (START + timedelta(days=day)).isoformat(), "amount": 1, **more}


# --------------------------------------------------------------- incremental is full

PEOPLE = "abcdef"


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Records of few people, some repeated, some refused."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "user": st.sampled_from([*PEOPLE, None, ""]),
                    "cookie": st.sampled_from([f"c{n}" for n in range(8)] + [None]),
                    "at": st.sampled_from(
                        ["2024-01-01", "2024-01-02T10:00:00Z", "2024-01-03", "soon", None]
                    ),
                    "amount": st.sampled_from([0.1, 0.2, 0.7, None, "x"]),
                    "id": st.sampled_from(["1", "2", "3", None]),
                    "basket": st.sampled_from(["p", "q", "r"]),
                }
            ),
            min_size=1,
            max_size=40,
        )
    )
    sound = {
        "user": "z",
        "cookie": None,
        "at": "2024-01-01",
        "amount": 1,
        "id": None,
        "basket": "p",
    }
    return [*rows, sound]


CONFIGS: dict[str, tuple[Row, Row | None]] = {
    "plain": ({}, None),
    "ids": ({"event_id": "id"}, None),
    "folded": ({"fold_by": ["basket"], "duplicates": "drop"}, None),
    "identity": (
        {"customer_id": None, "identifiers": {"user": "user", "cookie": "cookie"}},
        {"order": ["user", "cookie"], "max_ids_per_customer": 4},
    ),
    "identity folded": (
        {
            "customer_id": None,
            "identifiers": {"user": "user", "cookie": "cookie"},
            "fold_by": ["basket"],
            "event_id": "id",
        },
        {"order": ["user", "cookie"]},
    ),
}


def of_partitions(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test over some logs, and some ways in which each is delivered."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        drawn = given(rows=logs(), seed=st.integers(0, 2**32), stray=st.booleans())(test)
        allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        quick = settings(max_examples=examples, deadline=None, suppress_health_check=allowed)
        return pytest.mark.parametrize("name", CONFIGS)(quick(drawn))

    return decorated


@of_partitions(4)
def test_any_partition_into_deliveries_ends_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
    check_partition(name, rows, seed, stray, tmp_path)


@pytest.mark.slow
@of_partitions(25)
def test_more_partitions_into_deliveries_end_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
    check_partition(name, rows, seed, stray, tmp_path)


@pytest.mark.soak
@of_partitions(400)
def test_many_partitions_into_deliveries_end_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
    check_partition(name, rows, seed, stray, tmp_path)


def check_partition(name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path) -> None:
    """Deliver the rows in files that come late and out of order, then compare with one run."""
    changes, identity = CONFIGS[name]
    rng = random.Random(seed)
    shutil.rmtree(tmp_path / "shop", ignore_errors=True)
    shop = Shop(tmp_path / "shop", orders(**changes), identity=identity)
    rng.shuffle(rows)
    cuts = sorted(rng.sample(range(1, len(rows)), k=min(len(rows) - 1, rng.randint(0, 5))))
    files = [
        (f"{number:02}.json", rows[start:end])
        for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True))
    ]
    rng.shuffle(files)  # they arrive late, and out of order
    while files:
        for file, some in [files.pop() for _ in range(min(len(files), rng.randint(1, 3)))]:
            shop.deliver(file, some, damaged=["{broken"] if stray and rng.random() < 0.5 else [])
        try:
            shop.prepare()
        except DataError:  # nothing to publish yet
            continue
    assert state(shop.store) == state(shop.rebuilt())


# ------------------------------------------------------------------ what is read, and when


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


def test_or_goes_with_its_file(tmp_path: Path) -> None:
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
