"""A store that grows by deliveries is the store that one run over all of them builds."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqchurn.config.events import EventsConfig
from seqchurn.errors import DataError, EnvironmentFailure, LockedError
from seqchurn.events import identity_store, ingest, quarantine_store
from seqchurn.events.deliveries import reading
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


@pytest.mark.parametrize("name", CONFIGS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=logs(), seed=st.integers(0, 2**32), stray=st.booleans())
def test_any_partition_into_deliveries_ends_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
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
