"""Whose record it was that was refused, and what is kept of its values."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import CsvSource, LinksSource
from seqchurn.events.checks.quarantine import commonest, quarantined
from seqchurn.events.checks.rules import is_refused, rules
from seqchurn.events.filtering import mark_met
from seqchurn.events.identity.identifiers import LINKED, Naming
from seqchurn.events.identity.keyed import keyed_hash
from seqchurn.events.mapping import map_events, map_links
from seqchurn.events.sources import FILE, MALFORMED, RECORD
from seqchurn.schema import CUSTOMER_ID, QUARANTINE, dtypes

KINDS = Naming(("user", "email"))
KEY = b"0123456789abcdef"
AMOUNT = {"amount": {"column": "amount"}}


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., pl.DataFrame]:
    """The quarantine table of rows of text, some of which are lines that are no record."""

    def refuse(
        rows: list[dict[str, Any]], naming: Naming, *, forget_raw: bool = False, **fields: Any
    ) -> pl.DataFrame:
        file = tmp_path / "log.csv"
        file.write_text("id,mail,at,amount\n")
        columns = dict.fromkeys(("id", "mail", "at", "amount", MALFORMED), pl.String)
        raw = pl.LazyFrame(rows, columns).with_row_index(RECORD)
        raw = raw.with_columns(pl.col(RECORD).cast(pl.Int64), pl.lit(str(file)).alias(FILE))
        if naming.order:
            fields["identifiers"] = {"user": "id", "email": "mail"}
        else:
            fields["customer_id"] = "id"
        source = CsvSource(
            kind="csv",
            name="orders",
            path=str(file),
            timestamp="at",
            timezone="UTC",
            event_type="order",
            **{"attributes": AMOUNT, **fields},
        )
        mapped = map_events(mark_met(raw, source), source, naming)
        found = rules(mapped, source, datetime(2024, 1, 1, tzinfo=UTC))
        bad = mapped.filter(is_refused(found))
        return quarantined(bad, found, source, naming=naming, forget_raw=forget_raw).collect()

    return refuse


ROWS = [
    {"id": "7", "mail": "bob@x", "at": "soon-or-7", "amount": "1"},
    {"id": "", "mail": "bob@x", "at": "2020-01-01", "amount": "4,5"},
    {"id": None, "mail": None, "at": "2020-01-01", "amount": "77"},
    {MALFORMED: 'bob@x,"7'},
    {"id": "8", "mail": None, "at": "2020-01-01", "amount": "1"},
]
EXPECTED_RULES = [
    "timestamp_unparsable",
    "attribute_not_a_number",
    "customer_id_missing",
    "quotes_broken",
]


def test_who_a_refused_record_is_of_stands_beside_it(refused: Callable[..., Any]) -> None:
    table = refused(ROWS, KINDS)
    assert dict(table.drop(LINKED).schema) == dtypes(QUARANTINE)
    assert table["rule"].to_list() == EXPECTED_RULES
    assert table["customer_id"].to_list() == ["7", "email:bob@x", None, None]
    assert table["reason"].to_list() == [
        "at is soon-or-7, not an ISO 8601 time, or no time of the clocks in UTC",
        "amount is 4,5, not a number",
        "id, mail are null or empty",
        "the quote that opens field 2 is not closed",
    ]
    assert json.loads(table["raw"][2]) == {
        "id": None,
        "mail": None,
        "at": "2020-01-01",
        "amount": "77",
    }


def test_where_ids_are_hashed_no_value_is_shown(refused: Callable[..., Any]) -> None:
    plain = refused(ROWS, KINDS)
    table = refused(ROWS, Naming(KINDS.order, KEY))
    assert table["rule"].to_list() == EXPECTED_RULES
    assert table["record"].to_list() == plain["record"].to_list()
    hashed = keyed_hash("7", KEY), f"email:{keyed_hash('bob@x', KEY)}"
    assert table["customer_id"].to_list() == [*hashed, None, None]
    assert table["reason"].to_list() == [
        "at is (hidden), not an ISO 8601 time, or no time of the clocks in UTC",
        "amount is (hidden), not a number",
        "id, mail are null or empty",
        "the quote that opens field 2 is not closed",
    ]
    assert table["raw"].to_list() == [keyed_hash(raw, KEY) for raw in plain["raw"]]


def test_the_rules_of_the_config_hide_values_too(refused: Callable[..., Any]) -> None:
    demands = [
        {"column": "amount", "min": 5, "max": 70},
        {"column": "mail", "pattern": ".*@.*"},
        {"column": "mail", "allowed": ["a@a"]},
        {"column": "at", "not_before": "2020-01-01", "not_in_future": True},
    ]
    sound = {"id": "7", "mail": "a@a", "at": "2020-01-01", "amount": "6"}
    changes = [
        {"amount": "4.25"},
        {"amount": "77.25"},
        {"amount": "secret"},
        {"mail": "secret"},
        {"mail": "secret@x"},
        {"at": "1999-09-09"},
        {"at": "2099-09-09"},
        {"at": "9999-09-09"},
    ]
    rows = [{**sound, **change} for change in changes]
    mail = {"mail": {"column": "mail", "type": "category"}}
    fields = {"rules": demands, "where": "amount > 0", "attributes": mail | AMOUNT}
    reasons = refused(rows, Naming((), KEY), **fields)["reason"].to_list()
    assert len(reasons) == len(changes)
    assert all("is (hidden), " in reason for reason in reasons)
    shown = refused(rows, Naming(), **fields)["reason"].to_list()
    for reason, change, in_clear in zip(reasons, changes, shown, strict=True):
        [value] = change.values()
        assert value not in reason
        assert reason == in_clear.replace(f"is {value}", "is (hidden)")


@pytest.mark.parametrize("key", [None, KEY])
def test_what_may_be_of_somebody_forgotten_keeps_no_text(
    key: bytes | None, refused: Callable[..., Any]
) -> None:
    naming = Naming(KINDS.order, key)
    kept, gone = refused(ROWS, naming), refused(ROWS, naming, forget_raw=True)
    assert gone["raw"].to_list() == [*kept["raw"][:2], None, None]
    assert gone.drop("raw").equals(kept.drop("raw"))
    assert commonest(gone.lazy(), 9)[3] == (
        "orders: 1 quotes_broken, as in record 3 of log.csv: the quote that opens field 2 is not "
        "closed"
    )
    assert commonest(kept.lazy(), 9)[3].endswith(f"not closed, in {kept['raw'][3]}")


def test_a_table_of_links_is_checked_for_identifiers() -> None:
    links = {"kind": "links", "name": "crm", "path": "x", "identifiers": {"user": ["a", "b"]}}
    orders = {"kind": "csv", "name": "o", "path": "o", "timestamp": "at", "event_type": "order"}
    config = EventsConfig.model_validate(
        {
            "identity": {"order": ["user"]},
            "sources": [links, {**orders, "identifiers": {"user": "u"}}],
        }
    )
    raw = pl.LazyFrame(
        {
            "a": ["1", None, ""],
            "b": ["2", "3", None],
            FILE: "f",
            RECORD: [0, 1, 2],
            MALFORMED: None,
        },
        schema_overrides={MALFORMED: pl.String},
    )
    source = config.sources[0]
    assert isinstance(source, LinksSource)
    mapped = map_links(raw, source, Naming(("user",)))
    found = rules(mapped, source, datetime(2024, 1, 1, tzinfo=UTC))
    assert mapped.filter(~is_refused(found)).select(CUSTOMER_ID, LINKED).collect().rows() == [
        ("user:1", ["user:2"]),
        ("user:3", None),
    ]
    table = quarantined(mapped.filter(is_refused(found)), found, source, naming=Naming(("user",)))
    assert table.select("record", "reason").collect().rows() == [(2, "a, b are null or empty")]
