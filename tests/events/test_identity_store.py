"""Customers who are known by several identifiers, through the whole of prepare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqchurn.errors import DataError
from seqchurn.events import forget, identity_store, quarantine_store
from seqchurn.events.deliveries import links
from seqchurn.events.merging import routing
from tests.commands.stores import holders
from tests.events.growing_shop import Shop, orders, row, state

VISITS = orders(customer_id=None, identifiers={"user": "user", "cookie": ["cookie", "old_cookie"]})
IDENTITY: dict[str, Any] = {"order": ["user", "cookie"], "max_ids_per_customer": 3}
KEY = "SHOP_KEY"


def visit(user: str | None, cookie: str | None, day: int = 0, **more: Any) -> dict[str, Any]:
    return row(user, day, **{"cookie": cookie, "old_cookie": None, **more})  # type: ignore[arg-type]


@pytest.fixture
def web(tmp_path: Path) -> Shop:
    return Shop(tmp_path, VISITS, identity=IDENTITY)


def who(shop: Shop) -> dict[str, int]:
    """Customers and how many events each has."""
    counted = shop.store.scan().group_by("customer_id").len().sort("customer_id").collect()
    return dict(counted.iter_rows())


def test_a_link_that_is_seen_later_names_what_was_anonymous_before(web: Shop) -> None:
    web.deliver("1.json", [visit(None, "c1", 0), visit(None, "c1", 1), visit(None, "c2", 2)])
    web.prepare()
    assert who(web) == {"cookie:c1": 2, "cookie:c2": 1}
    web.deliver("2.json", [visit("42", "c1", 3)])
    web.prepare()
    assert who(web) == {"42": 3, "cookie:c2": 1}
    web.deliver("3.json", [visit(None, "c2", 4, old_cookie="c1")])
    web.prepare()
    assert who(web) == {"42": 5}
    identity = identity_store(web.store).scan().collect()
    assert dict(identity.iter_rows()) == {
        "cookie:c1": "42",
        "cookie:c2": "42",
        "user:42": "42",
    }
    assert state(web.store) == state(web.rebuilt())


@pytest.mark.parametrize("at_once", [1, 4, 9])
def test_how_many_links_are_in_memory_at_once_changes_nothing(
    at_once: int, web: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.deliver("1.json", [visit(f"u{n // 2}", f"c{n}", n) for n in range(12)])
    web.deliver("2.json", [visit(None, f"c{n}", n, old_cookie=f"c{n + 3}") for n in range(5)])
    web.deliver("3.json", [visit(f"u{n}", "kiosk", n) for n in range(9)])
    before = state(web.prepare())
    monkeypatch.setattr(routing, "_AT_ONCE", at_once)
    monkeypatch.setattr(links, "_BYTES_AT_ONCE", 5_000 * at_once)
    assert state(web.rebuilt()) == before
    assert forget(web.config, web.store, ["u1"]).records > 1
    monkeypatch.undo()
    assert state(web.prepare(force=True)) == state(web.store)


def test_a_correction_takes_a_link_back(web: Shop) -> None:
    web.deliver("1.json", [visit(None, "c1", 0)])
    web.deliver("2.json", [visit("42", "c1", 1)])
    web.prepare()
    assert who(web) == {"42": 2}
    web.deliver("2.json", [visit("42", "c9", 1)])
    web.prepare()
    assert who(web) == {"42": 1, "cookie:c1": 1}
    assert state(web.store) == state(web.rebuilt())


def test_a_kiosk_does_not_make_one_customer_of_a_city(
    web: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    web.deliver("1.json", [visit(f"u{n}", "kiosk") for n in range(4)] + [visit(None, "kiosk")])
    web.prepare()
    assert who(web) == {"cookie:kiosk": 1, "u0": 1, "u1": 1, "u2": 1, "u3": 1}
    assert identity_store(web.store).manifest()["most_shared"] == {"cookie:kiosk": 4}
    assert "1 identifiers are linked to more others" in caplog.text


def test_a_table_of_links_joins_customers_and_makes_no_events(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text("customer,cookie\n42,c1\n43,\n,\n")
    crm = {
        **{"name": "crm", "kind": "links", "path": "crm.csv", "max_bad_fraction": 1},
        "identifiers": {"user": "customer", "cookie": "cookie"},
    }
    shop = Shop(tmp_path, VISITS, crm, identity=IDENTITY)
    shop.deliver("1.json", [visit(None, "c1", 0)])
    shop.prepare()
    assert who(shop) == {"42": 1}
    counts = {r["source"]: r for r in shop.store.manifest()["sources"]}["crm"]
    assert counts["read"] == 3 == counts["kept"] + counts["quarantined"] + counts["filtered"]
    assert counts["events"] == 0


def test_one_record_in_two_deliveries_is_one_though_its_customer_was_told_apart(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, {**VISITS, "event_id": "id"}, identity=IDENTITY)
    shop.deliver("1.json", [visit(None, "c1", 0, id=1)])
    shop.deliver("2.json", [visit("42", "c1", 0, id=1)])
    shop.prepare()
    assert who(shop) == {"42": 1}


def test_forgetting_is_what_a_rebuild_without_the_person_gives(web: Shop) -> None:
    web.deliver("1.json", [visit(None, "c1", 0), visit("7", "c7", 0)], damaged=['{"user": "42'])
    web.deliver("2.json", [visit("42", "c1", 1), visit("42", None, at="soon")])
    web.deliver("3.json", [visit(None, "c9", at="soon")])
    web.prepare()
    done = forget(web.config, web.store, ["cookie:c1"])
    assert (done.customer_ids, done.unknown, done.records) == (["42"], [], 3)
    assert who(web) == {"7": 1}
    refused = quarantine_store(web.store).scan().collect()
    assert refused["customer_id"].to_list() == [None, "cookie:c9"]
    assert refused["raw"].is_null().to_list() == [True, False]
    anew = web.root / "anew"
    anew.mkdir()
    (anew / "forgotten.json").write_bytes((web.store.folder / "forgotten.json").read_bytes())
    assert state(web.store) == state(web.prepare(anew))
    before = state(web.store)
    assert state(web.prepare(force=True)) == before
    web.deliver("4.json", [visit("42", "c1", 5), visit("7", None, 5)])
    web.prepare()
    assert who(web) == {"7": 2}
    assert state(web.store) == state(web.prepare(anew))


PLANTED = ("plant-user", "plant-cookie", "plant-bad", "plant-torn", "plant-swapped")


def test_where_ids_are_hashed_no_file_of_the_store_holds_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(KEY, "0123456789abcdef")
    shop = Shop(tmp_path, VISITS, identity={**IDENTITY, "hash_key": KEY})
    shop.deliver(
        "1.json",
        [
            visit("plant-user", "plant-cookie"),
            visit(None, "plant-cookie", 1),
            visit("plant-bad", None, at="soon"),
            visit(None, None, at="plant-swapped"),
            visit("x", None, amount="plant-swapped"),
        ],
        damaged=['{"user": "plant-torn', json.dumps({"user": "plant-torn", "at": 3}) + "}"],
    )
    shop.prepare()
    assert [text for text in PLANTED if holders(shop.store.folder, text)] == []
    assert not [text for text in PLANTED if text in caplog.text]
    events = shop.store.scan().collect()
    assert events["customer_id"].str.contains("^[0-9a-f]{32}$").all()
    assert events["customer_id"].n_unique() == 1
    refused = quarantine_store(shop.store).scan().collect()
    assert refused.height == 5
    assert refused["raw"].str.contains("^[0-9a-f]{32}$").all()
    assert forget(shop.config, shop.store, ["plant-user"]).records == 2
    assert holders(shop.store.folder, events["customer_id"][0]) == []


def test_a_limit_that_is_passed_shows_no_hashed_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "0123456789abcdef")
    source = {**VISITS, "max_bad_fraction": 0}
    shop = Shop(tmp_path, source, identity={**IDENTITY, "hash_key": KEY})
    shop.deliver("1.json", [visit("a", None), visit("plant-bad", None, at="plant-swapped")])
    with pytest.raises(DataError, match=r"1 of 2 records were refused") as told:
        shop.prepare()
    assert "plant" not in str(told.value)
    assert [text for text in PLANTED if holders(shop.store.folder, text)] == []


def test_another_key_is_another_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path, VISITS, identity={**IDENTITY, "hash_key": KEY})
    shop.deliver("1.json", [visit("a", "c1")])
    monkeypatch.setenv(KEY, "0123456789abcdef")
    first = shop.prepare().scan().collect()
    monkeypatch.setenv(KEY, "fedcba9876543210")
    second = shop.prepare().scan().collect()
    assert first["customer_id"][0] != second["customer_id"][0]
