"""What once made a store that grew differ from a rebuilt one, or brought somebody back."""

from __future__ import annotations

import gzip
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from seqchurn.errors import ConfigError, DataError
from seqchurn.events import forget, quarantine_store
from tests.commands.stores import holders
from tests.events.growing_shop import START, Row, Shop, orders, row, state
from tests.snowplow_shop import contexts, line

KEY = "SHOP_KEY"
VISITS = orders(customer_id=None, identifiers={"user": "user", "cookie": "cookie"})
IDENTITY: dict[str, Any] = {"order": ["user", "cookie"], "max_ids_per_customer": 3}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def visit(user: str | None, cookie: str | None, day: int = 0, **more: Any) -> Row:
    return {**row(user or "", day, **more), "user": user, "cookie": cookie}


# ------------------------------------------------------------------------------- files


def test_a_file_that_is_packed_after_it_was_read_counts_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(path="raw/*"))
    file = shop.deliver("1.json", [row("a"), row("a")])
    shop.prepare()
    (shop.raw / "1.json.gz").write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    shop.prepare()
    assert shop.store.manifest()["n_events"] == 2


def test_equal_files_of_two_days_are_two(shop: Shop) -> None:
    first = shop.deliver("dt=1/p.json", [row("a")])
    shop.prepare()
    shutil.rmtree(first.parent)
    shop.deliver("dt=2/p.json", [row("a")])
    shop.prepare()
    assert shop.store.manifest()["n_events"] == 2
    shop.prepare(force=True)
    assert shop.store.manifest()["n_events"] == 2


def test_a_copy_of_a_file_that_was_cleared_away_is_taken_for_one_file_only(shop: Shop) -> None:
    for name in ("1.json", "2.json"):
        shop.deliver(name, [row("a")])
    shop.prepare()
    for name in ("1.json", "2.json"):
        (shop.raw / name).unlink()
    shop.deliver("3.json", [row("a")])
    shop.prepare()
    assert shop.store.manifest()["n_events"] == 2


@pytest.mark.parametrize("text", ["", "\n\n", "garbage\n"])
def test_a_file_without_a_record_stops_no_run(text: str, shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    shop.prepare()
    (shop.raw / "2.json").write_text(text)
    assert state(shop.prepare()) == state(shop.rebuilt())


def test_the_columns_of_folders_are_those_of_the_path(tmp_path: Path) -> None:
    day = {"day": {"column": "dt", "type": "category"}}
    shop = Shop(tmp_path, orders(attributes=day))
    shop.deliver("dt=A/p.json", [row("a", dt="own")])
    shop.prepare()
    inner = Shop(tmp_path, orders(attributes=day, path="raw/dt=A"))
    assert inner.prepare().scan().collect()["day"].to_list() == ["own"]
    assert state(inner.store) == state(inner.rebuilt())


def test_a_folder_that_moved_and_whose_file_grew_counts_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.deliver("1.json", [row("a")])
    shop.prepare()
    shop.raw.rename(tmp_path / "lake")
    moved = Shop(tmp_path, orders(path="lake"))
    (tmp_path / "lake" / "1.json").write_text((tmp_path / "lake" / "1.json").read_text() * 2)
    assert state(moved.prepare()) == state(moved.rebuilt())


def test_the_last_file_with_a_column_may_not_go(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(on_missing="drop"))
    shop.deliver("1.json", [row("a")])
    shop.deliver("2.json", [{"user": "b", "at": START.isoformat()}])
    shop.prepare()
    (shop.raw / "1.json").unlink()
    with pytest.raises(ConfigError, match="there is no column amount"):
        shop.prepare()
    with pytest.raises(ConfigError, match="there is no column amount"):
        shop.rebuilt()


def test_a_pattern_for_no_file_is_an_error_while_the_old_ones_are_there(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no file"):
        Shop(tmp_path, orders(path="empty/*.json")).prepare()
    assert state(shop.store) == before


@pytest.mark.parametrize("options", [{"force": True}, {"now": START + timedelta(days=400)}])
def test_a_file_that_must_not_change_is_not_read_by_any_other_way(
    options: dict[str, Any], tmp_path: Path
) -> None:
    shop = Shop(tmp_path, orders(on_change="refuse"))
    shop.deliver("1.json", [row("a"), row("b", 300)])
    shop.prepare(now=START + timedelta(days=1))
    shop.deliver("1.json", [row("c")])
    with pytest.raises(DataError, match="has changed since it was read"):
        shop.prepare(**options)


def test_a_source_may_not_go_with_files_that_are_gone(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(), orders(name="old", path="old"))
    (tmp_path / "old").mkdir()
    shop.deliver("1.json", [row("a")])
    other = shutil.copy(shop.raw / "1.json", tmp_path / "old" / "2.json")
    shop.prepare()
    Path(other).unlink()
    with pytest.raises(DataError, match=r"source old was read and is not in the config any more"):
        Shop(tmp_path).prepare()
    shutil.copy(shop.raw / "1.json", other)
    assert state(Shop(tmp_path).prepare()) == state(Shop(tmp_path).rebuilt())


def test_snowplow_lines_are_judged_alike_whatever_file_comes_with_them(tmp_path: Path) -> None:
    tier = {"column": "contexts_com_acme_customer_1.0.tier", "type": "category"}
    app = {"column": "app_id", "type": "category"}
    attributes = {"tier": tier, "app": app}
    web = {**{"name": "web", "kind": "snowplow", "path": "raw"}, "max_bad_fraction": 1}
    shop = Shop(tmp_path, {**web, "attributes": attributes})
    told = {"user_id": "u", "event_name": "order", "derived_tstamp": "2024-01-01 10:00:00.000"}
    described = contexts(("com.acme/customer/1-0-0", {"tier": "gold"}))
    (shop.raw / "1.tsv").write_text(line(**told, event_id="1", app_id="own", contexts=described))
    shop.prepare()
    (shop.raw / "2.tsv").write_text(line(**told, event_id="2", contexts='{"broken":'))
    (shop.raw / "app_id=other").mkdir()
    (shop.raw / "app_id=other" / "3.tsv").write_text(line(**told, event_id="3"))
    assert state(shop.prepare()) == state(shop.rebuilt())
    assert sorted(shop.store.scan().collect()["app"].to_list()) == ["other", "own"]
    refused = quarantine_store(shop.store).scan().collect()
    assert refused["rule"].to_list() == ["json_broken"]


# ------------------------------------------------------------------------------- times


def test_a_reason_that_changes_with_time_is_published(shop: Shop) -> None:
    shop.deliver("1.json", [row("a"), row("b", 10, amount="x")])
    shop.prepare(now=START + timedelta(days=2))
    rules = quarantine_store(shop.store).scan().collect()["rule"].to_list()
    assert rules == ["timestamp_in_future"]
    shop.prepare(now=START + timedelta(days=30))
    rules = quarantine_store(shop.store).scan().collect()["rule"].to_list()
    assert rules == ["attribute_not_a_number"]


def test_a_customer_of_the_future_is_asked_again(tmp_path: Path) -> None:
    people = {
        **{"name": "people", "kind": "customers", "path": "people.csv", "customer_id": "user"},
        **{"known_from": "since", "timezone": "UTC", "max_bad_fraction": 1},
        "attributes": {"age": {"column": "age"}},
        "rules": [{"column": "since", "not_in_future": True}],
    }
    (tmp_path / "people.csv").write_text("user,since,age\na,2024-02-01,30\n")
    shop = Shop(tmp_path, orders(), people)
    shop.deliver("1.json", [row("a")])
    shop.prepare(now=START + timedelta(days=2))
    assert shop.store.scan().collect()["age"].to_list() == [None]
    shop.prepare(now=START + timedelta(days=40))
    assert shop.store.scan().collect()["age"].to_list() == [30.0]


def test_a_stamp_without_a_zone_is_refused_in_whichever_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path, orders(timezone=None))
    shop.deliver("1.json", [row("a")])
    shop.prepare()
    shop.deliver("2.json", [row("b", at="2024-01-01")])
    assert state(shop.prepare()) == state(shop.rebuilt())


# -------------------------------------------------------------------------- deliveries


@pytest.mark.parametrize("what", ["records", "files.json", "."])
def test_a_part_that_is_damaged_is_told_and_read_again(what: str, shop: Shop) -> None:
    shop.deliver("1.json", [row("a")])
    before = state(shop.prepare())
    (part,) = (shop.store.folder / "deliveries" / "parts").iterdir()
    place = part / what
    place.unlink() if place.is_file() else shutil.rmtree(place)
    with pytest.raises(DataError, match=r"is damaged: .* seqchurn prepare --force"):
        shop.prepare()
    assert state(shop.prepare(force=True)) == before


# -------------------------------------------------------------------------- forgetting


@pytest.mark.parametrize("change", ["order", "hash_key", "key"])
def test_another_naming_brings_nobody_back(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "0123456789abcdef")
    hashed = {"hash_key": KEY}
    shop = Shop(tmp_path, orders(), identity=hashed if change == "key" else None)
    shop.deliver("1.json", [visit("a", "c"), visit("b", "d")])
    shop.prepare()
    forget(shop.config, shop.store, ["a"])
    other = Shop(tmp_path, orders(), identity=hashed)
    if change == "order":
        other = Shop(tmp_path, VISITS, identity=IDENTITY)
    if change == "key":
        monkeypatch.setenv(KEY, "fedcba9876543210")
    with pytest.raises(ConfigError, match="identity has changed since customers were forgotten"):
        other.prepare()
    assert shop.store.manifest()["n_customers"] == 1


def test_an_identifier_that_only_a_refused_record_shows_beside_its_own_goes_too(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, VISITS, identity=IDENTITY)
    shop.deliver("1.json", [visit("1", "PLANTED"), visit("2", "k"), visit("3", "PLANTED", at="x")])
    shop.prepare()
    forget(shop.config, shop.store, ["1"])
    assert holders(shop.store.folder, "PLANTED") == []
    assert state(shop.prepare(force=True)) == state(shop.store)


def test_nobody_can_tell_whose_a_shared_identifier_is(tmp_path: Path) -> None:
    shop = Shop(tmp_path, VISITS, identity=IDENTITY)
    shop.deliver("1.json", [visit(f"u{n}", "kiosk") for n in range(5)])
    before = state(shop.prepare())
    with pytest.raises(DataError, match=r"cookie:kiosk is linked to 5 other.*Nobody was forgotten"):
        forget(shop.config, shop.store, ["cookie:kiosk"])
    assert state(shop.store) == before
    assert forget(shop.config, shop.store, ["u1"]).records == 1
    assert shop.store.manifest()["n_customers"] == 4


def test_a_kiosk_stays_one_when_somebody_who_used_it_is_forgotten(tmp_path: Path) -> None:
    shop = Shop(tmp_path, VISITS, identity=IDENTITY)
    shop.deliver("1.json", [visit(f"u{n}", "kiosk") for n in range(4)])
    shop.prepare()
    forget(shop.config, shop.store, ["u0"])
    assert shop.store.manifest()["n_customers"] == 3
    before = state(shop.store)
    assert state(shop.prepare(force=True)) == before


def test_one_value_in_two_kinds_is_two_customers(tmp_path: Path) -> None:
    shop = Shop(tmp_path, VISITS, identity=IDENTITY)
    shop.deliver("1.json", [visit("cookie:5", None), visit(None, "5"), visit(None, "5", at="x")])
    shop.prepare()
    forget(shop.config, shop.store, ["user:cookie:5"])
    assert shop.store.scan().collect()["customer_id"].to_list() == ["cookie:5"]
    assert quarantine_store(shop.store).scan().collect().height == 1


def test_forgetting_needs_all_sources_as_they_were_read(tmp_path: Path) -> None:
    visits = orders(name="visits", path="visits", event_type="visit")
    (tmp_path / "visits").mkdir()
    shop = Shop(tmp_path, orders(), visits)
    shop.deliver("1.json", [row("a")])
    shutil.copy(shop.raw / "1.json", tmp_path / "visits" / "1.json")
    shop.prepare()
    for config in (Shop(tmp_path).config, Shop(tmp_path, visits, orders()).config):
        with pytest.raises(DataError, match="are not as they were read last, orders, visits"):
            forget(config, shop.store, ["a"])


def test_what_was_stored_before_ids_were_hashed_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "0123456789abcdef")
    source = orders(fold_by=["user", "at"])
    Shop(tmp_path, source).deliver("1.json", [row("plant-a"), row("plant-a", at="soon")])
    Shop(tmp_path, source).prepare()
    hashed = Shop(tmp_path, source, identity={"hash_key": KEY})
    hashed.prepare()
    assert holders(hashed.store.folder, "plant-a") == []


# ------------------------------------------------------------------------------- tables


PEOPLE: dict[str, Any] = {
    **{"name": "people", "kind": "customers", "path": "people.csv", "customer_id": "user"},
    **{"max_bad_fraction": 1, "attributes": {"age": {"column": "age"}}},
}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"b", "field_count_wrong"),
        (b"b,1,2", "field_count_wrong"),
        (b'b,"1', "quotes_broken"),
        (b"b,\xe9", "encoding_broken"),
    ],
)
def test_a_damaged_row_of_a_table_costs_itself_only(line: bytes, rule: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"user,age\na,30\n" + line + b"\nc,50\n")
    shop = Shop(tmp_path, orders(), PEOPLE)
    shop.deliver("1.json", [row(user) for user in "abc"])
    events = shop.prepare().scan().sort("customer_id").collect()
    assert events["age"].to_list() == [30.0, None, 50.0]
    refused = quarantine_store(shop.store).scan().collect()
    assert refused["rule"].to_list() == [rule]


def test_a_damaged_row_of_a_table_that_is_looked_up_is_told(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text('user,price\na,1\nb,"2\n')
    lookup = {"path": str(tmp_path / "prices.csv"), "on": "user", "columns": ["price"]}
    shop = Shop(tmp_path, orders(lookup=lookup, attributes={"price": {"column": "price"}}))
    shop.deliver("1.json", [row("a")])
    with pytest.raises(DataError, match=r"lookup: record 1 of .*prices.csv is none"):
        shop.prepare()
