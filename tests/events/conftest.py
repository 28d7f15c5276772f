from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.config.events import EventsConfig
from seqchurn.events import IngestReport, ingest, quarantine_store
from seqchurn.storage import BucketStore

Row = dict[str, Any]

ORDERS = {
    "name": "orders",
    "customer_id": "user",
    "timestamp": "at",
    "timezone": "UTC",
    "event_type": "order",
    "attributes": {"amount": {"column": "amount"}},
}


@dataclass
class Ingested:
    store: BucketStore
    reports: list[IngestReport]

    @property
    def report(self) -> IngestReport:
        return self.reports[0]

    @property
    def table(self) -> pl.DataFrame:
        return self.store.scan().sort("customer_id", "timestamp", "event_id").collect()

    @property
    def refused(self) -> pl.DataFrame:
        return quarantine_store(self.store).scan().collect()


def write_rows(rows: list[Row], path: Path) -> Path:
    """Rows as text, in the format of the file's ending; None is an empty field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        schema = dict.fromkeys(columns, pl.String)
        texts = [{c: None if v is None else str(v) for c, v in row.items()} for row in rows]
        pl.DataFrame(texts, schema=schema).write_parquet(path)
    return path


@pytest.fixture
def write() -> Callable[[list[Row], Path], Path]:
    return write_rows


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ingested]:
    """Ingest sources into a store of their own; `path` of a source may be rows."""
    numbers = itertools.count()

    def ingest_sources(
        *sources: Row, buckets: int = 3, force: bool = False, folder: Path | None = None
    ) -> Ingested:
        folder = folder or tmp_path / str(next(numbers))
        prepared = []
        for source in sources:
            source = {"kind": "csv", "max_bad_fraction": 1, **source}
            if isinstance(source.get("path"), list):
                ending = "csv" if source["kind"] == "customers" else source["kind"]
                file = folder / f"{source['name']}.{ending}"
                source["path"] = str(write_rows(source["path"], file))
            prepared.append(source)
        store = BucketStore(folder / "events")
        config = EventsConfig.model_validate({"sources": prepared, "buckets": buckets})
        return Ingested(store, ingest(config, store, force=force))

    return ingest_sources


@pytest.fixture
def orders(run: Callable[..., Ingested]) -> Callable[..., Ingested]:
    """Ingest rows with user, at and amount as orders; keywords change the source."""

    def ingest_orders(
        rows: list[Row] | str, folder: Path | None = None, **changes: Any
    ) -> Ingested:
        return run({**ORDERS, **changes, "path": rows}, folder=folder)

    return ingest_orders
