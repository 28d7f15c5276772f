"""A shop whose logs arrive file by file, a store that grows with them, and what that holds."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from seqchurn.config.events import EventsConfig
from seqchurn.events import identity_store, ingest, quarantine_store
from seqchurn.sequences import build_store
from seqchurn.storage import BucketStore

__all__ = ["START", "Row", "Shop", "orders", "row", "state"]

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


def row(user: str, day: int = 0, **more: Any) -> Row:
    return {"user": user, "at": (START + timedelta(days=day)).isoformat(), "amount": 1, **more}
