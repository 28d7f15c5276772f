from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqchurn.config.events import EventsConfig
from seqchurn.config.identity import IdentityConfig
from seqchurn.config.sources import Source
from seqchurn.errors import ConfigError
from seqchurn.events.identity.identifiers import LINKED, Naming, identified, with_identifiers
from seqchurn.events.identity.keyed import keyed_hash
from seqchurn.schema import CUSTOMER_ID

KEY = b"0123456789abcdef"
KINDS = ("user", "email", "anonymous")
COLUMNS = {"user": "id", "email": ["mail", "old_mail"], "anonymous": "cookie"}


def source_of(kind: str, order: list[str] | tuple[str, ...], **fields: Any) -> Source:
    orders = {"kind": kind, "name": "x", "path": "x", **fields}
    if kind not in ("segment", "snowplow"):
        orders |= {"timestamp": "at", "event_type": "order"}
    identity = {"order": list(order)} if order else None
    return EventsConfig.model_validate({"identity": identity, "sources": [orders]}).sources[0]


def found(rows: list[dict[str, Any]], source: Source, naming: Naming) -> list[tuple[Any, ...]]:
    raw = with_identifiers(pl.LazyFrame(rows), source, naming)
    return raw.select(**identified(naming)).collect().rows()


def test_the_first_kind_that_a_record_has_is_its_own_and_the_others_are_linked() -> None:
    rows = [
        {"id": "7", "mail": "x", "old_mail": "y", "cookie": "c"},
        {"id": None, "mail": "x", "old_mail": "x", "cookie": "c"},
        {"id": "", "mail": None, "old_mail": "y", "cookie": ""},
        {"id": None, "mail": "", "old_mail": None, "cookie": None},
        {"id": "c", "mail": None, "old_mail": None, "cookie": "c"},
    ]
    assert found(rows, source_of("csv", KINDS, identifiers=COLUMNS), Naming(KINDS)) == [
        ("user:7", ["anonymous:c", "email:x", "email:y"]),
        ("email:x", ["anonymous:c"]),
        ("email:y", None),
        (None, None),
        ("user:c", ["anonymous:c"]),
    ]


values = st.sampled_from([None, "", "a", "b", "user:a"])


@settings(deadline=None)
@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(("id", "mail", "old_mail", "cookie"), values))),
    st.permutations(KINDS),
)
def test_identifiers_are_as_found_by_looping(rows: list[dict[str, Any]], order: list[str]) -> None:
    columns = {"user": ["id"], "email": ["mail", "old_mail"], "anonymous": ["cookie"]}
    expected = []
    for row in rows:
        has = [f"{k}:{row[c]}" for k in order for c in columns[k] if row[c]]
        others = sorted(set(has) - {has[0]}) if has else []
        expected.append((has[0] if has else None, others or None))
    raw = pl.LazyFrame(rows, dict.fromkeys(("id", "mail", "old_mail", "cookie"), pl.String))
    source, naming = source_of("csv", order, identifiers=COLUMNS), Naming(tuple(order))
    who = with_identifiers(raw, source, naming).select(**identified(naming))
    assert dict(who.collect_schema()) == {CUSTOMER_ID: pl.String, LINKED: pl.List(pl.String)}
    for engine in ("in-memory", "streaming"):
        assert who.collect(engine=engine).rows() == expected


def test_the_order_of_columns_within_a_kind_and_of_kinds_decides() -> None:
    row = [{"id": 7.0, "mail": "x", "old_mail": "y", "cookie": 12}]
    order = ("anonymous", "email", "user")
    assert found(row, source_of("csv", order, identifiers=COLUMNS), Naming(order)) == [
        ("anonymous:12", ["email:x", "email:y", "user:7"])
    ]


def test_values_are_hashed_and_kinds_are_not() -> None:
    rows = [{"id": "7", "mail": "x", "old_mail": "", "cookie": None}, {"id": ""}]
    naming = Naming(KINDS, KEY)
    [(own, linked), nobody] = found(rows, source_of("csv", KINDS, identifiers=COLUMNS), naming)
    assert own == f"user:{keyed_hash('7', KEY)}"
    assert linked == [f"email:{keyed_hash('x', KEY)}"]
    assert nobody == (None, None)
    name = pl.select(naming.name(pl.lit(own))).item()
    assert name == keyed_hash("7", KEY)  # what another system that has the key can look up


@pytest.mark.parametrize("key", [None, KEY])
def test_without_kinds_the_customer_is_the_column(key: bytes | None) -> None:
    source = source_of("csv", [], customer_id="id")
    rows = [{"id": 7.0}, {"id": None}, {"id": 7.5}]
    expected = [("7",), (None,), ("7.5",)]
    if key is not None:
        expected = [(value and keyed_hash(value, key),) for (value,) in expected]
    assert found(rows, source, Naming((), key)) == expected
    assert pl.select(Naming().name(pl.lit("user:7"))).item() == "user:7"


def test_a_segment_alias_links_both_readings_of_the_previous_id() -> None:
    order = ("user", "anonymous")
    track = {"userId": None, "anonymousId": "a", "previousId": None}
    alias = {"userId": "7", "anonymousId": None, "previousId": "a"}
    assert found([track, alias], source_of("segment", order), Naming(order)) == [
        ("anonymous:a", None),
        ("user:7", ["anonymous:a", "user:a"]),
    ]


def test_the_config_says_how_customers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Naming.of(None) == Naming((), None)
    assert Naming.of(IdentityConfig(order=["user"])) == Naming(("user",), None)
    monkeypatch.setenv("SHOP_KEY", KEY.decode())
    assert Naming.of(IdentityConfig(hash_key="SHOP_KEY")) == Naming((), KEY)
    monkeypatch.delenv("SHOP_KEY")
    with pytest.raises(ConfigError, match="SHOP_KEY is not set"):
        Naming.of(IdentityConfig(hash_key="SHOP_KEY"))
