"""Each kind of source, as the documents show it, through `prepare` with a few records."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from seqchurn.events.sources import READERS
from tests.documents import Block, source_shown
from tests.shop import Shop
from tests.snowplow_shop import contexts, line, self_describing

Rows = list[tuple[Any, ...]]
Write = Callable[[Path], dict[str, Any]]


def csv(folder: Path) -> dict[str, Any]:
    (folder / "orders.csv").write_text(
        "customer,ordered_at,total\nann,2026-01-05T10:00:00,12.5\nbob,2026-07-05 10:00,3\n"
    )
    return {}


def ndjson(folder: Path) -> dict[str, Any]:
    part = folder / "raw" / "orders" / "dt=2026-01-05" / "part-0.json.gz"
    part.parent.mkdir(parents=True)
    day = "2026-01-05T10:00:00"
    ann = {"customer": {"id": 7}, "items": [{"sku": "A-1"}, {"sku": "B-2"}]}
    orders = [{**ann, "ordered_at": day, "total": {"value": value}} for value in (9.5, 0)]
    part.write_bytes(gzip.compress("".join(f"{json.dumps(o)}\n" for o in orders).encode()))
    return {}


def parquet(folder: Path) -> dict[str, Any]:
    lines = {
        "household_id": [7, 7],
        "basket_id": [1, 1],
        "product_id": [501, 502],
        "sales_value": [2.0, 3.0],
        "retail_disc": [0.5, 0.0],
        "coupon_disc": [0.0, 0.25],
        "transaction_timestamp": [datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 10)],
    }
    pl.DataFrame(lines).write_parquet(folder / "lines.parquet")
    return {"path": "lines.parquet"}


def segment(folder: Path) -> dict[str, Any]:
    properties = {"revenue": 12.5, "products": [{"sku": "A-1"}]}
    campaign = {"context": {"campaign": {"name": "spring"}}}
    seen = {"type": "page", "anonymousId": "x", "timestamp": "2026-01-05T09:00:00.000Z"}
    paid = {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m2"}
    paid |= {"timestamp": "2026-01-05T10:00:00.000Z", "properties": properties}
    log = folder / "raw" / "segment-logs" / "1.gz"
    log.parent.mkdir(parents=True)
    messages = [{**seen, "messageId": "m1", **campaign}, paid, paid]
    log.write_bytes(gzip.compress("".join(f"{json.dumps(m)}\n" for m in messages).encode()))
    return {}


def snowplow(folder: Path) -> dict[str, Any]:
    at = {"derived_tstamp": "2026-01-05 10:00:00.000"}
    cart = line(
        **at,
        event_id="e1",
        domain_userid="x",
        event_name="event",
        se_action="add",
        se_label=json.dumps({"product": {"price": 2.5}}),
    )
    order = line(
        **at,
        event_id="e2",
        user_id="ann",
        event_name="order",
        unstruct_event=self_describing("com.acme/order/1-0-0", {"total": 12.5}),
        contexts=contexts(("com.acme/customer/1-0-0", {"tier": "gold"})),
    )
    log = folder / "raw" / "enriched" / "part-00000"
    log.parent.mkdir(parents=True)
    log.write_text(f"{cart}\n{order}\n")
    return {}


def sql(folder: Path) -> dict[str, Any]:
    """An SQLite file in place of the PostgreSQL server."""
    rows = [("ann", "2024-01-01 00:00:00", 12.5), ("bob", "2023-12-31 23:59:59", 1.0)]
    with closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE orders (customer, ordered_at, total)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    return {"uri": f"sqlite:///{folder}/shop.db", "table": "orders"}


def delta(folder: Path) -> dict[str, Any]:
    """A folder in place of the bucket; a row a version, the first is 0."""
    pytest.importorskip("deltalake")
    for version in range(14):
        at = datetime(2026, 1, 1 + version)
        visits = pl.DataFrame({"customer": [f"c{version:02}"], "at": [at]})
        visits.with_columns(pl.col("at").dt.replace_time_zone("UTC")).write_delta(
            folder / "visits", mode="append"
        )
    return {"path": "visits"}


def customers(folder: Path) -> dict[str, Any]:
    names = ["age", "income", "home_ownership", "marital_status"]
    names += ["household_size", "household_comp", "kids_count"]
    row = {"household_id": [7], **{name: [f"some {name}"] for name in names}}
    pl.DataFrame(row).write_parquet(folder / "people.parquet")
    return {"path": "people.parquet"}


EXAMPLES: dict[str, tuple[str, Write, Rows]] = {
    "csv": (
        "README.md",
        csv,
        [("ann", "2026-01-05 09:00", "order", 12.5), ("bob", "2026-07-05 08:00", "order", 3.0)],
    ),
    "parquet": (
        "configs/demo.yaml",
        parquet,
        [("7", "2026-01-05 10:00", "order", 5.0, 2.0, 0.5, 0.25)],
    ),
    "ndjson": (
        "data/README.md",
        ndjson,
        [("7", "2026-01-05 09:00", "order", "A-1", "2026-01-05")],
    ),
    "segment": (
        "data/README.md",
        segment,
        [
            ("ann", "2026-01-05 10:00", "Order Completed", 12.5, "A-1", None),
            ("x", "2026-01-05 09:00", "page", None, None, "spring"),
        ],
    ),
    "snowplow": (
        "data/README.md",
        snowplow,
        [
            ("ann", "2026-01-05 10:00", "order", 12.5, None, "gold"),
            ("x", "2026-01-05 10:00", "add", None, 2.5, None),
        ],
    ),
    "sql": ("data/README.md", sql, [("ann", "2023-12-31 23:00", "order", 12.5)]),
    "delta": (
        "data/README.md",
        delta,
        [(f"c{version:02}", f"2026-01-{1 + version:02} 00:00", "visit") for version in range(13)],
    ),
    "customers": (
        "configs/demo.yaml",
        customers,
        [
            ("7", "2026-01-05 10:00", "order", 5.0, 2.0, 0.5, 0.25)
            + ("some age", "some income", "some home_ownership", "some marital_status")
            + ("some household_size", "some household_comp", "some kids_count"),
        ],
    ),
}
"""Kind to the document that shows it, what writes its records and the events they become."""


def prepared(folder: Path, config: Block, sources: list[Block]) -> pl.DataFrame:
    """Events after `prepare` with a documented config, of these sources only."""
    shop = Shop(folder, config["name"])
    changed = {**config, "store": "data", "events": {**config["events"], "sources": sources}}
    shop.config.write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
    shop.must("prepare")
    assert shop.table("events").manifest()["quarantined"] == {}
    return shop.table("events").scan().sort("customer_id", "timestamp").collect()


def test_every_kind_of_source_is_tried() -> None:
    assert EXAMPLES.keys() == READERS.keys() - {"links"}  # of which no event comes: see below


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_source_that_a_document_shows_reads_a_log_that_fits_it(kind: str, tmp_path: Path) -> None:
    document, write, expected = EXAMPLES[kind]
    source, config = source_shown(document, kind)
    sources = [{**source, **write(tmp_path)}]
    if kind == "customers":
        baskets, _ = source_shown(document, "parquet")
        sources.insert(0, {**baskets, **parquet(tmp_path)})
    events = prepared(tmp_path, config, sources)
    times = events["timestamp"].dt.strftime("%Y-%m-%d %H:%M")
    assert events.with_columns(times).drop("event_id").rows() == expected


def test_the_links_that_a_readme_shows_join_what_one_person_did(tmp_path: Path) -> None:
    _, config = source_shown("data/README.md", "links")
    log = tmp_path / "raw" / "segment-logs" / "1.json"
    log.parent.mkdir(parents=True)
    page = {"type": "page", "anonymousId": "x", "timestamp": "2026-01-05T09:00:00.000Z"}
    log.write_text(json.dumps({**page, "messageId": "m1"}) + "\n")
    (tmp_path / "orders.csv").write_text(
        "customer,email_hash,old_email_hash,at\n"
        "42,9f3b,,2026-01-06\n,,9f3b,2026-01-07\n43,,,2026-01-08\n"
    )
    (tmp_path / "crm.csv").write_text("customer,cookie\n42,x\n")
    events = prepared(tmp_path, config, config["events"]["sources"])
    assert events.select("customer_id", pl.col("timestamp").dt.day(), "event_type").rows() == [
        ("42", 5, "page"),
        ("42", 6, "order"),
        ("42", 7, "order"),
        ("43", 8, "order"),
    ]
