from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqchurn.config import load_config
from seqchurn.errors import ConfigError
from tests.documents import ROOT

SEGMENT: dict[str, Any] = {
    "name": "segment",
    "kind": "segment",
    "attributes": {
        "revenue": {"column": "properties.revenue"},
        "plan": {"column": "traits.plan", "type": "category"},
        "first_sku": {"column": "properties.products.0.sku", "type": "category"},
        "page": {"column": "context.page.path", "type": "category"},
    },
}

Message = dict[str, Any]


def message(number: int, kind: str, **fields: Any) -> Message:
    """A message as Segment's spec describes it, sent in January 2024."""
    at = f"2024-01-{1 + number // 24:02}T{number % 24:02}:00:00"
    return {
        "type": kind,
        "messageId": f"ajs-{number}",
        "anonymousId": "anon-1",
        "userId": None,
        "timestamp": f"{at}.123Z",
        "originalTimestamp": f"{at}.100Z",
        "sentAt": f"{at}.200Z",
        "receivedAt": f"{at}.300Z",
        "context": {
            "ip": "8.8.8.8",
            "library": {"name": "analytics.js", "version": "2.11.1"},
            "page": {"path": "/shoes", "url": "https://shop.example/shoes?a=\"b\"&c='d'"},
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
        },
        "integrations": {"All": True},
        "version": 2,
        **fields,
    }


def order(number: int, user: str, revenue: float) -> Message:
    products = [{"product_id": "507f", "sku": "G-32", "price": 18.99}, {"sku": "B-7"}]
    properties = {"order_id": f"o{number}", "revenue": revenue, "products": products}
    return message(number, "track", event="Order Completed", userId=user, properties=properties)


def journey() -> list[Message]:
    """A visitor who looks around, signs up and buys; one message of each type."""
    return [
        message(0, "page", name="Home", properties={"title": "Shoes"}),
        message(1, "screen", name="Start", properties=[]),  # as some PHP libraries say {}
        message(2, "track", event="Product Viewed", properties={"sku": "G-32"}),
        message(3, "identify", userId="u1", traits={"email": "u@shop.example", "plan": "gold"}),
        message(4, "alias", userId="u1", previousId="anon-1"),
        message(5, "group", userId="u1", groupId="g1", traits={"plan": "team"}),
        order(6, "u1", 37.5),
    ]


def as_lines(messages: list[Message]) -> str:
    return "".join(json.dumps(m) + "\n" for m in messages)


@pytest.fixture
def segment(run: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Ingest messages, or text, as Segment puts them into a bucket of S3."""

    def ingest(messages: list[Message] | str, **changes: Any) -> Any:
        text = messages if isinstance(messages, str) else as_lines(messages)
        file = tmp_path / "segment-logs" / "src" / "1704067200000" / "1704067201.19a8b8d1.1.13.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text.encode()))
        return run({**SEGMENT, **changes, "path": str(tmp_path / "segment-logs")})

    return ingest


def test_each_type_of_message_becomes_an_event(segment: Callable[..., Any]) -> None:
    table = segment(journey()).table.sort("timestamp")
    assert table["event_type"].to_list() == [
        *("page", "screen", "Product Viewed", "identify", "alias", "group", "Order Completed")
    ]
    assert table["customer_id"].to_list() == ["anon-1"] * 3 + ["u1"] * 4
    assert table["event_id"].to_list() == [f"segment:ajs-{i}" for i in range(7)]
    assert table["timestamp"][0].isoformat() == "2024-01-01T00:00:00.123000+00:00"
    assert table["revenue"].to_list() == [None] * 6 + [37.5]
    assert table["plan"].to_list() == [None, None, None, "gold", None, "team", None]
    assert table["first_sku"].to_list() == [None] * 6 + ["G-32"]
    assert set(table["page"]) == {"/shoes"}


def test_a_message_delivered_again_is_one(segment: Callable[..., Any]) -> None:
    again = {**order(6, "u1", 37.5), "receivedAt": "2024-01-03T00:00:00Z"}
    done = segment([*journey(), again, again])
    assert (done.report.read, done.report.kept, done.report.duplicate) == (9, 7, 2)


def test_a_time_that_is_missing_is_taken_from_the_next_best_field(
    segment: Callable[..., Any],
) -> None:
    times = ("timestamp", "originalTimestamp", "receivedAt")
    messages = [order(0, "u1", 1) for _ in range(4)]
    for number, m in enumerate(messages):
        m["messageId"] = str(number)
        m |= dict.fromkeys(times[:number], "" if number == 1 else None)
    done = segment(messages, max_bad_fraction=1.0)
    assert {t.microsecond for t in done.table["timestamp"]} == {123_000, 100_000, 300_000}
    assert done.refused["rule"].to_list() == ["timestamp_missing"]


def test_fields_that_no_message_has_are_null(segment: Callable[..., Any]) -> None:
    bare = {"type": "track", "event": "Order Completed", "anonymousId": "x", "userId": ""}
    done = segment([{**bare, "receivedAt": "2024-01-01T00:00:00Z"}])
    (row,) = done.table.to_dicts()
    assert (row["customer_id"], row["event_type"], row["revenue"]) == (
        *("x", "Order Completed"),
        None,
    )


def test_who_is_known_and_who_is_not_are_columns(segment: Callable[..., Any]) -> None:
    ids = {c: {"column": c, "type": "category"} for c in ("user_id", "anonymous_id", "previousId")}
    done = segment(journey(), customer_id="anonymous_id", attributes=ids)
    assert set(done.table["customer_id"]) == {"anon-1"}
    assert done.table["user_id"].to_list() == [None] * 3 + ["u1"] * 4
    assert done.table["previousId"].drop_nulls().to_list() == ["anon-1"]


def test_a_source_can_take_the_orders_only(segment: Callable[..., Any]) -> None:
    done = segment(journey(), event_type="order", where="event = 'Order Completed'")
    assert done.table["event_type"].to_list() == ["order"]
    assert done.report.filtered == 6


def test_damaged_lines_cost_themselves_only_and_change_nothing_else(
    segment: Callable[..., Any],
) -> None:
    rng = random.Random(0)
    messages = [order(i, rng.choice(["u1", "u2", 12345.0]), i + 0.5) for i in range(200)]
    for m in messages[::7]:
        m["properties"] |= {'size (12")': 1, "back\\slash": "\n", "empty": {}}
    for m in messages[::11]:
        m["properties"] = json.dumps(m["properties"])  # JSON within JSON
    sound = segment(messages)
    lines = as_lines(messages).splitlines()
    lines[50:50] = [lines[50][:-9], "[]", "null", '{"type": "track"} {"type": "track"}']
    damaged = segment("\n".join(lines))
    assert sound.table["revenue"].null_count() == 0
    assert damaged.table.equals(sound.table)
    assert damaged.report.quarantined == 4
    assert damaged.refused["record"].to_list() == [50, 51, 52, 53]


def test_the_config_of_data_readme_is_complete(segment: Callable[..., Any], tmp_path: Path) -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"### `kind: segment`.*?```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "shop.yaml").write_text(block, encoding="utf-8")
    config = load_config(tmp_path / "shop.yaml")
    attributes = config.events.model_dump()["sources"][0]["attributes"]
    done = segment(journey(), attributes=attributes)
    assert done.table.filter(event_type=config.waits.target)["first_sku"].to_list() == ["G-32"]


def test_a_field_that_segment_does_not_have_is_an_error(segment: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match=r"no column propertes\.revenue\. Did you mean prop"):
        segment(journey(), attributes={"revenue": {"column": "propertes.revenue"}})
