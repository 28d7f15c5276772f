"""The same customers, told by Snowplow and by Segment, are the same events table."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.events.sources.snowplow_columns import COLUMNS as FIELDS
from tests.snowplow_shop import as_message, draw_lines

EVENTS, VISITORS = 600, 30

COLUMNS: dict[str, tuple[str, str, str]] = {
    "total": ("unstruct_event_com_acme_order_1.total", "properties.total", "number"),
    "price": ("se_label.product.price", "properties.price", "number"),
    "position": ("se_label.list.position", "properties.position", "number"),
    "payment": (
        *("unstruct_event_com_acme_order_1.payment.method", "properties.payment.method"),
        "category",
    ),
    "sku": ("contexts_com_acme_product_1.0.sku", "properties.products.0.sku", "category"),
    "tier": ("contexts_com_acme_customer_1.0.tier", "context.traits.tier", "category"),
    "page": ("page_url", "properties.url", "category"),
    "title": ("page_title", "properties.title", "category"),
    "city": ("geo_city", "context.location.city", "category"),
}
"""Attribute to its column in a log of Snowplow, its column in one of Segment, and its type."""

TYPES = "name,kind\npage,page_view\nProduct Added,add_to_cart\nOrder Completed,order\n"
"""What Segment calls a type of event, and what Snowplow does."""

Rows = Sequence[str]


def attributes(place: int) -> dict[str, Any]:
    return {name: {"column": c[place], "type": c[2]} for name, c in COLUMNS.items()}


def parts(texts: Rows, folder: Path, *, packed: bool) -> str:
    """Write texts as the lines of three files; the folder."""
    for number in range(3):
        file = folder / f"dt=2024-07-0{number + 1}" / f"part-{number}{'.gz' if packed else ''}"
        file.parent.mkdir(parents=True)
        lines = "".join(f"{text}\n" for text in texts[number::3]).encode()
        file.write_bytes(gzip.compress(lines) if packed else lines)
    return str(folder)


def content(store: Any) -> dict[int, bytes]:
    snapshot = store.snapshot()
    return {bucket: snapshot.file(bucket).read_bytes() for bucket in snapshot.buckets()}


@pytest.fixture
def snowplow(run: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Ingest lines of Snowplow's enriched events."""

    def ingest(lines: Rows, *, packed: bool = False) -> Any:
        return run(
            {
                "name": "web",
                "kind": "snowplow",
                "path": parts(lines, tmp_path / "enriched", packed=packed),
                "event_type_column": "se_action_or_event_name",
                "attributes": attributes(0),
            }
        )

    return ingest


@pytest.fixture
def segment(run: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Ingest messages of Segment, their types named as Snowplow names them."""

    def ingest(messages: Sequence[dict[str, Any]], *, packed: bool = False) -> Any:
        types = tmp_path / "types.csv"
        types.write_text(TYPES, encoding="utf-8")
        lookup = {"path": str(types), "on": "event_type", "key": "name", "columns": ["kind"]}
        lines = [json.dumps(message, ensure_ascii=False) for message in messages]
        return run(
            {
                "name": "web",
                "kind": "segment",
                "path": parts(lines, tmp_path / "segment-logs", packed=packed),
                "event_type_column": "kind",
                "lookup": lookup,
                "attributes": attributes(1),
            }
        )

    return ingest


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return draw_lines(EVENTS, customers=VISITORS)


def test_the_two_tables_are_equal_to_the_byte(
    lines: list[str], snowplow: Callable[..., Any], segment: Callable[..., Any]
) -> None:
    one, two = snowplow(lines), segment([as_message(text) for text in lines])
    for done in (one, two):
        assert (done.report.read, done.report.kept, done.report.quarantined) == (EVENTS, EVENTS, 0)
    assert one.table.equals(two.table)
    assert content(one.store) == content(two.store)


@pytest.mark.parametrize("packed", [False, True])
def test_neither_order_nor_repeated_deliveries_nor_gzip_make_a_difference(
    packed: bool, lines: list[str], snowplow: Callable[..., Any], segment: Callable[..., Any]
) -> None:
    rng = random.Random(1)
    messages = [as_message(text) for text in lines]
    again = [{**m, "receivedAt": "2024-08-01T00:00:00.000Z"} for m in rng.sample(messages, 50)]
    one = snowplow(rng.sample(lines, EVENTS), packed=packed)
    two = segment(rng.sample([*messages, *again], EVENTS + 50), packed=packed)
    assert (two.report.read, two.report.kept, two.report.duplicate) == (EVENTS + 50, EVENTS, 50)
    assert content(one.store) == content(two.store)


def test_the_table_tells_what_the_lines_say(lines: list[str], segment: Callable[..., Any]) -> None:
    """So that the tables above are not equal for being empty."""
    table = segment([as_message(text) for text in lines]).table
    told = [dict(zip(FIELDS, text.split("\t"), strict=True)) for text in lines]
    customers = [fields["user_id"] or fields["domain_userid"] for fields in told]
    by_id = {row["event_id"].removeprefix("web:"): row for row in table.to_dicts()}
    assert [by_id[fields["event_id"]]["customer_id"] for fields in told] == customers
    known = {customer for customer in customers if customer.startswith("c")}
    assert len(known) > 15
    assert len(set(customers) - known) > 5
    for fields in told:
        stamp = fields["derived_tstamp"] or fields["collector_tstamp"]
        assert f"{by_id[fields['event_id']]['timestamp']:%Y-%m-%d %H:%M:%S.%f}" == f"{stamp}000"
    assert not all(fields["derived_tstamp"] for fields in told)
    having = {
        "page_view": {"page", "title", "city"},
        "add_to_cart": {"price", "position", "city"},
        "order": {"total", "payment", "sku", "tier", "city"},
    }
    sizes = dict(table["event_type"].value_counts().iter_rows())
    assert sizes.keys() == having.keys()
    assert min(sizes.values()) > 20
    filled = table.group_by("event_type").agg(pl.col(*COLUMNS).count()).to_dicts()
    for row in filled:
        kind = row.pop("event_type")
        assert row == {name: sizes[kind] if name in having[kind] else 0 for name in COLUMNS}
