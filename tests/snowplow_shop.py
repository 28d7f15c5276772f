"""A shop as Snowplow's enriched events: lines of 131 tab-separated fields, drawn from a seed.

Visitors are known by a cookie (domain_userid); once they log in, user_id comes with it. They look
at pages (with the contexts that a web tracker adds), put things into the cart (a structured event
whose label holds JSON) and order (a self-describing event with contexts for customer and
products). `as_message` tells one of these events the way Segment would have.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from seqchurn.events.sources.snowplow_columns import COLUMNS

__all__ = ["CUSTOMERS", "as_message", "contexts", "draw_lines", "line", "self_describing"]

CUSTOMERS = 1_000
_START, _DAYS = datetime(2024, 1, 1, tzinfo=UTC), 200
_SNOWPLOW = "com.snowplowanalytics.snowplow"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"


def line(**fields: Any) -> str:
    """A line without its end; fields that are not named are empty."""
    assert fields.keys() <= set(COLUMNS), fields.keys() - set(COLUMNS)
    return "\t".join(str(fields.get(column, "")) for column in COLUMNS)


def self_describing(schema: str, data: Any) -> str:
    """An unstruct_event field; the schema is written as com.acme/order/1-0-0."""
    return _envelope("unstruct_event", _entry(schema, data))


def contexts(*entries: tuple[str, Any]) -> str:
    """A contexts or derived_contexts field, of pairs of schema and data."""
    return _envelope("contexts", [_entry(schema, data) for schema, data in entries])


def draw_lines(count: int, *, seed: int = 0, customers: int = CUSTOMERS) -> list[str]:
    """Events of the shop in order of their arrival, which is not quite that of their time."""
    rng = random.Random(seed)
    events: list[tuple[datetime, str]] = []
    while len(events) < count:
        for customer in range(customers):
            at = _START + timedelta(days=_DAYS * rng.random())
            events += _visit(customer, at, rng)
    events = events[:count]
    events.sort(key=lambda event: event[0])
    return [text for _, text in events]


def as_message(text: str) -> dict[str, Any]:
    """What Segment would have received in place of a drawn line, names as in its spec."""
    fields = dict(zip(COLUMNS, text.split("\t"), strict=True))
    happened = _iso(fields["derived_tstamp"])
    message = {
        "messageId": fields["event_id"],
        "anonymousId": fields["domain_userid"],
        "userId": fields["user_id"] or None,
        "timestamp": happened,
        "originalTimestamp": happened,
        "receivedAt": _iso(fields["collector_tstamp"]),
        "context": {"location": {"city": fields["geo_city"]}, "userAgent": fields["useragent"]},
        "version": 2,
    }
    match fields["event"]:
        case "page_view":
            page = {"url": fields["page_url"], "title": fields["page_title"]}
            return {**message, "type": "page", "properties": page}
        case "struct":
            label = json.loads(fields["se_label"])
            added = {**label["product"], "position": label["list"]["position"]}
            return {**message, "type": "track", "event": "Product Added", "properties": added}
    entries = json.loads(fields["contexts"])["data"]
    *products, customer = [entry["data"] for entry in entries]
    message["context"]["traits"] = customer
    order = json.loads(fields["unstruct_event"])["data"]["data"]
    bought = {**order, "products": products}
    return {**message, "type": "track", "event": "Order Completed", "properties": bought}


def _iso(stamp: str) -> str | None:
    return stamp.replace(" ", "T") + "Z" if stamp else None


def _visit(customer: int, at: datetime, rng: random.Random) -> Iterator[tuple[datetime, str]]:
    pages = rng.randint(1, 4)
    for _ in range(pages):
        yield _event(customer, at, rng, **_page_view(rng))
        at += timedelta(seconds=rng.randint(5, 300))
    if rng.random() < 0.5:
        products = [_product(rng) for _ in range(rng.randint(1, 3))]
        for product in products:
            yield _event(customer, at, rng, **_add_to_cart(product))
            at += timedelta(seconds=rng.randint(5, 60))
        if rng.random() < 0.1 + 0.8 * (customer % 10) / 10:
            yield _event(customer, at, rng, **_order(customer, products, rng))


def _event(customer: int, at: datetime, rng: random.Random, **fields: Any) -> tuple[datetime, str]:
    arrived = at + timedelta(milliseconds=rng.randint(50, 90_000))
    logged_in = fields["event"] == "unstruct" or customer % 3 > 0
    return arrived, line(
        app_id="shop",
        platform="web",
        etl_tstamp=_stamp(arrived + timedelta(minutes=2)),
        collector_tstamp=_stamp(arrived),
        dvce_created_tstamp=_stamp(at),
        derived_tstamp=_stamp(at) if rng.random() < 0.99 else "",
        event_id=uuid.UUID(int=rng.getrandbits(128), version=4),
        name_tracker="sp1",
        v_tracker="js-3.23.0",
        v_collector="ssc-3.1.0-kinesis",
        v_etl="snowplow-enrich-kinesis-4.2.0",
        user_id=f"c{customer:04}" if logged_in else "",
        domain_userid=uuid.UUID(int=customer, version=4),
        domain_sessionidx=1 + (at - _START).days // 7,
        geo_country="DE",
        geo_city="Köln",
        useragent=_AGENT,
        br_lang="de-DE",
        br_cookies="1",
        doc_width=1280,
        event_format="jsonschema",
        **fields,
    )


def _page_view(rng: random.Random) -> dict[str, Any]:
    sku = rng.randint(1, 500)
    page = (f"{_SNOWPLOW}/web_page/1-0-0", {"id": str(uuid.UUID(int=sku, version=4))})
    agent = {"useragentFamily": "Firefox", "osFamily": "Linux", "deviceFamily": "Other"}
    return {
        "event": "page_view",
        "event_vendor": _SNOWPLOW,
        "event_name": "page_view",
        "event_version": "1-0-0",
        "page_url": f"https://shop.example/p/{sku}?q=%22a%22",
        "page_title": f'Product "{sku}", 10" wide',  # quotes mean nothing, also an odd number
        "contexts": contexts(page),
        "derived_contexts": contexts((f"{_SNOWPLOW}/ua_parser_context/1-0-0", agent)),
    }


def _add_to_cart(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "event": "struct",
        "event_vendor": "com.google.analytics",
        "event_name": "event",
        "event_version": "1-0-0",
        "se_category": "shop",
        "se_action": "add_to_cart",
        "se_label": json.dumps({"product": product, "list": {"position": 3}}),
        "se_value": product["price"],
    }


def _order(customer: int, products: list[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    total = round(sum(p["price"] * p["quantity"] for p in products), 2)
    order = {"id": f"o{rng.getrandbits(40)}", "total": total, "payment": {"method": "card"}}
    bought = [(f"com.acme/product/1-0-{n % 2}", product) for n, product in enumerate(products)]
    who = {"id": f"c{customer:04}", "tier": ["basic", "gold"][customer % 2]}
    return {
        "event": "unstruct",
        "event_vendor": "com.acme",
        "event_name": "order",
        "event_version": "1-0-0",
        "unstruct_event": self_describing(f"com.acme/order/1-0-{rng.randint(0, 1)}", order),
        "contexts": contexts(*bought, ("com.acme/customer/1-0-0", who)),
    }


def _product(rng: random.Random) -> dict[str, Any]:
    number = rng.randint(1, 500)
    return {"sku": f"SKU{number}", "price": 1.5 + number / 10, "quantity": rng.randint(1, 2)}


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03}"


def _envelope(kind: str, data: Any) -> str:
    return json.dumps({"schema": f"iglu:{_SNOWPLOW}/{kind}/jsonschema/1-0-0", "data": data})


def _entry(schema: str, data: Any) -> dict[str, Any]:
    path, _, version = schema.rpartition("/")
    return {"schema": f"iglu:{path}/jsonschema/{version}", "data": data}
