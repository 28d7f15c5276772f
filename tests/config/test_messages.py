"""What a config says of several keys at once: each contradiction has its sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.errors import ConfigError

Write = Callable[..., Path]

LOG = "kind: csv, path: log.csv, customer_id: id, timestamp: at"
PEOPLE = "kind: customers, path: people.csv, customer_id: id, attributes: {age: {column: age}}"
TABLE = "kind: sql, uri: 'sqlite:////shop.db', customer_id: id, timestamp: at, event_type: order"

SOURCES: dict[str, tuple[list[str], str]] = {
    "two sources of one name": (
        [f"name: orders, {LOG}, event_type: order", f"name: orders, {LOG}, event_type: visit"],
        "events: source names must differ, found orders, orders. Rename one of those that "
        "are alike.",
    ),
    "two tables of customers": (
        [f"name: orders, {LOG}, event_type: order", f"name: new, {PEOPLE}", f"name: old, {PEOPLE}"],
        "events: one source of kind customers is possible, found new, old. Join these tables into "
        "one, and remove the other sources.",
    ),
    "customers without events": (
        [f"name: people, {PEOPLE}"],
        "events: needs a source of events beside people. Add one, as of kind csv.",
    ),
    "a number here and a category there": (
        [
            f"name: orders, {LOG}, event_type: order, attributes: {{size: {{column: size}}}}",
            f"name: visits, {LOG}, event_type: visit, "
            "attributes: {size: {column: size, type: category}}",
        ],
        "events: attribute size is a number in source orders and a category in source visits. Give "
        "both one type, or one of them another name.",
    ),
    "customers that bring no attribute": (
        [f"name: orders, {LOG}, event_type: order", f"name: p, {PEOPLE.split(', attr')[0]}"],
        "[events] sources[1].attributes is missing; expected:",
    ),
    "no type of event": (
        [f"name: orders, {LOG}"],
        "[events] sources[0]: needs exactly one of event_type (a literal such as order) and "
        "event_type_column",
    ),
    "a rule that demands nothing": (
        [f"name: orders, {LOG}, event_type: order, rules: [{{column: id}}]"],
        "[events] sources[0].rules[0]: says nothing of id; expected one or more of required, min, "
        "max, allowed, pattern, not_before and not_in_future. Add one or remove the rule.",
    ),
    "a range without a number": (
        [f"name: orders, {LOG}, event_type: order, rules: [{{column: id, min: 5, max: 3.5}}]"],
        "[events] sources[0].rules[0]: no number is at least 5 and at most 3.5; expected min to be "
        "no more than max. Correct one of them in the rule of id.",
    ),
    "an attribute without a name": (
        [f"name: orders, {LOG}, event_type: order, attributes: {{' ': {{column: size}}}}"],
        "[events] sources[0].attributes: an attribute has the name ' '; a column needs a name. "
        "Write one, as amount.",
    ),
    "an attribute with a name of ours": (
        [f"name: orders, {LOG}, event_type: order, attributes: {{'raw:who': {{column: who}}}}"],
        "[events] sources[0].attributes: attribute raw:who begins with raw:, which marks columns "
        "of seqchurn itself. Write another name, as who.",
    ),
    "an attribute of customers with a name of ours": (
        [
            f"name: orders, {LOG}, event_type: order",
            f"name: p, {PEOPLE.replace('age:', 'seqchurn:age:')}",
        ],
        "[events] sources[1].attributes: attribute seqchurn:age begins with seqchurn:, which marks "
        "columns of seqchurn itself. Write another name, as age.",
    ),
    "neither table nor query": (
        [f"name: orders, {TABLE}"],
        "[events] sources[0]: needs exactly one of table (a name) and query (a SELECT)",
    ),
    "table and query": (
        [f"name: orders, {TABLE}, table: orders, query: SELECT 1"],
        "[events] sources[0]: needs exactly one of table (a name) and query (a SELECT)",
    ),
    "a window that is empty": (
        [f"name: orders, {TABLE}, table: orders, since: 2024-02-01, until: 2024-01-01"],
        "[events] sources[0]: since is 2024-02-01, which is not before until, 2024-01-01. Give a "
        "later until.",
    ),
    "a window on text that databases do not sort": (
        [f"name: orders, {TABLE}, table: orders, since: 2024-02-01, timestamp_format: '%d.%m.%Y'"],
        "[events] sources[0]: since and until cannot bound text like %d.%m.%Y, which databases do "
        "not sort by time; leave them out, or give a query that makes ISO 8601 of it.",
    ),
    "a database of no kind": (
        [f"name: orders, {TABLE.replace('sqlite:////shop.db', 'shop.db')}, table: orders"],
        "[events] sources[0].uri: it does not say what kind of database this is; write it as "
        "postgresql://user:${PASSWORD}@host/database or sqlite:////folder/file.db.",
    ),
    "a password": (
        [
            f"name: orders, {TABLE.replace('sqlite:////shop.db', 'postgresql://me:pw@db/shop')}, "
            "table: orders"
        ],
        "[events] sources[0].uri: a password stands in it; put the password into an environment "
        "variable, such as SHOP_PASSWORD, and write ${SHOP_PASSWORD} in its place.",
    ),
    "a zone that is none": (
        [f"name: orders, {LOG}, event_type: order, timezone: Berlin"],
        "[events] sources[0].timezone: 'Berlin' is not a time zone: write UTC or Europe/London.",
    ),
}


@pytest.mark.parametrize("mistake", SOURCES)
def test_a_contradiction_in_the_sources_is_told_with_its_place(mistake: str, write: Write) -> None:
    sources, complaint = SOURCES[mistake]
    listed = "".join(f"    - {{{source}}}\n" for source in sources)
    path = write(text=f"name: shop\nevents:\n  sources:\n{listed}")
    with pytest.raises(ConfigError, match=re.escape(f"{path}: {complaint}")) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_file_that_is_no_yaml_says_where_and_what_to_do(write: Write) -> None:
    path = write(text="name: shop\nevents: [1\nq: 3\n")
    place = re.escape(f"{path}:3:2: not YAML: ")
    with pytest.raises(ConfigError, match=rf"^{place}.*\. Correct the YAML there\.$"):
        load_config(path)


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"name: caf\xe9\n")
    said = f"{path} cannot be read: not UTF-8 text. Give a YAML file."
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        load_config(path)


def test_a_file_that_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    said = f"{path} does not exist. Give the path of a config file, such as configs/demo.yaml."
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        load_config(path)
