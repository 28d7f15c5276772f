from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.config.events import EventsConfig
from seqchurn.errors import ConfigError
from seqchurn.events import ingest, quarantine_store
from seqchurn.storage import BucketStore

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SOUND = {"user": "a", "at": "2020-01-01", "amount": "5", "channel": "web", "type": "order"}
CHANNEL = {"channel": {"column": "channel", "type": "category"}}


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize(
    ("rule", "damage", "name", "reason"),
    [
        ({"required": True}, None, "amount_missing", "amount is null or empty"),
        ({"required": True}, " ", "amount_missing", "amount is null or empty"),
        ({"min": 0}, "-0.5", "amount_below_min", "amount is -0.5, below 0"),
        ({"max": 9.5}, " 9.6", "amount_above_max", "amount is  9.6, above 9.5"),
        ({"min": 0}, "x", "amount_not_a_number", "amount is x, not a number, and has a range"),
        ({"min": 0}, "NaN", "amount_not_a_number", "amount is NaN, not a number, and has a range"),
        ({"allowed": ["5", "6"]}, "7", "amount_not_allowed", "amount is 7, not one of 5, 6"),
        ({"pattern": "[0-9]|50"}, "55", "amount_not_matched", "55, which does not match [0-9]|50"),
        ({"pattern": "5"}, "5\n", "amount_not_matched", "amount is 5\n, which does not match 5"),
    ],
)
def test_a_value_that_breaks_a_rule_is_kept_apart_with_the_reason(
    kind: str,
    rule: dict[str, Any],
    damage: str | None,
    name: str,
    reason: str,
    orders: Callable[..., Any],
) -> None:
    rows = [SOUND, {**SOUND, "amount": damage}, SOUND]
    attributes = {"price": {"column": "amount", "type": "category"}}
    done = orders(rows, kind=kind, attributes=attributes, rules=[{"column": "amount", **rule}])
    (refused,) = done.refused.to_dicts()
    assert (refused["record"], refused["rule"]) == (1, name)
    assert refused["reason"].endswith(reason)
    assert done.report.kept == 2


@pytest.mark.parametrize("value", ["0", "9", None, ""])
def test_bounds_are_allowed_and_so_is_no_value(
    value: str | None, orders: Callable[..., Any]
) -> None:
    rule = {"column": "amount", "min": 0, "max": 9, "allowed": [0, 9], "pattern": "0|9"}
    rows = [{**SOUND, "amount": value}]
    assert orders(rows, kind="ndjson", attributes={}, event_id="amount", rules=[rule]).report.kept


def test_numbers_that_were_stored_as_numbers_are_judged_as_such(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    frame = pl.DataFrame({"user": ["a"] * 3, "at": ["2020-01-01"] * 3, "amount": [1.0, 2.0, -1.0]})
    frame.write_parquet(tmp_path / "log.parquet")
    rules = [{"column": "amount", "min": 0, "allowed": [1, -1]}]
    done = orders(str(tmp_path / "log.parquet"), kind="parquet", rules=rules)
    assert done.refused["rule"].to_list() == ["amount_not_allowed", "amount_below_min"]


def test_a_rule_may_be_for_some_types_of_events_only(orders: Callable[..., Any]) -> None:
    rows = [
        {**SOUND, "channel": "fax"},
        {**SOUND, "channel": "fax", "type": "visit"},
        {**SOUND, "channel": "fax", "type": None},
    ]
    rules = [{"column": "channel", "allowed": ["web"], "event_types": ["order", "refund"]}]
    done = orders(rows, event_type=None, event_type_column="type", attributes=CHANNEL, rules=rules)
    assert done.refused["rule"].to_list() == ["channel_not_allowed", "event_type_missing"]
    assert done.table["event_type"].to_list() == ["visit"]


def test_the_mapping_is_asked_before_the_rules_and_the_rules_in_their_order(
    orders: Callable[..., Any],
) -> None:
    bad = {**SOUND, "amount": "-1"}
    rows = [SOUND, {**bad, "user": ""}, bad, {**SOUND, "amount": "-9"}]
    rules = [{"column": "amount", "max": -2}, {"column": "amount", "min": -9}]
    done = orders(rows, rules=rules, where="amount < 4")
    assert done.refused["rule"].to_list() == ["customer_id_missing", "amount_above_max"]
    assert done.report.filtered == 1


@pytest.mark.parametrize(
    ("floor", "zone", "refused"),
    [
        ("2020-01-01", "UTC", 0),
        ("2020-01-02", "UTC", 1),
        ("2020-01-01", "America/New_York", 0),
        ("2020-01-01T00:00:00-06:00", "America/New_York", 1),
    ],
)
def test_a_floor_date_is_read_in_the_zone_of_the_source(
    floor: str, zone: str, refused: int, orders: Callable[..., Any]
) -> None:
    rows = [SOUND, {**SOUND, "at": "2021-01-01"}]
    rules = [{"column": "at", "not_before": floor}]
    done = orders(rows, timezone=zone, rules=rules)
    assert done.refused["rule"].to_list() == ["timestamp_too_early"] * refused


@pytest.fixture
def at(write: Callable[..., Path], tmp_path: Path) -> Callable[..., Any]:
    """Ingest stamps of orders at some time; the same log every time."""
    store = BucketStore(tmp_path / "events")

    def ingest_at(now: datetime, stamps: list[str], **changes: Any) -> tuple[int, list[str]]:
        file = tmp_path / "log.csv"
        if not file.exists():
            write([{**SOUND, "at": stamp, "type": "order"} for stamp in stamps], file)
        source = {"name": "log", "kind": "csv", "path": str(file), "customer_id": "user"}
        source |= {"timestamp": "at", "timezone": "UTC", "event_type_column": "type", **changes}
        config = EventsConfig.model_validate({"sources": [{"max_bad_fraction": 1, **source}]})
        (report,) = ingest(config, store, now=now)
        rules = quarantine_store(store).scan().collect()["rule"].to_list()
        return report.kept, rules

    return ingest_at


def test_a_stamp_more_than_a_day_after_the_run_is_refused(at: Callable[..., Any]) -> None:
    stamps = ["2024-06-02T12:00:00", "2024-06-02T12:00:00.000001"]
    assert at(NOW, stamps) == (1, ["timestamp_in_future"])
    assert at(NOW, stamps, not_in_future=False) == (2, [])
    rule = {"column": "at", "not_in_future": True}
    orders, visits = ({**rule, "event_types": [kind]} for kind in ("order", "visit"))
    assert at(NOW, stamps, not_in_future=False, rules=[visits]) == (2, [])
    assert at(NOW, stamps, not_in_future=False, rules=[visits, orders]) == (
        1,
        ["timestamp_in_future"],
    )


def test_what_was_of_the_future_is_read_when_its_time_has_come(at: Callable[..., Any]) -> None:
    stamps = ["2024-06-01", "2024-06-10", "2024-06-20", "9999-12-31"]
    assert at(NOW, stamps)[0] == 1
    assert at(datetime(2024, 6, 8, 23, 59, tzinfo=UTC), stamps)[0] == 1
    assert at(datetime(2024, 6, 9, tzinfo=UTC), stamps)[0] == 2
    assert at(datetime(2024, 6, 19, tzinfo=UTC), stamps) == (3, ["timestamp_out_of_range"])
    assert at(datetime(2099, 1, 1, tzinfo=UTC), stamps)[0] == 3


def test_without_a_clock_of_its_own_a_run_asks_that_of_the_system(
    orders: Callable[..., Any],
) -> None:
    days = [datetime.now(UTC) + timedelta(days=n) for n in (0, 3)]
    rows = [{**SOUND, "at": day.isoformat()} for day in days]
    assert orders(rows).refused["record"].to_list() == [1]


def test_rules_hold_for_customers_too(run: Callable[..., Any]) -> None:
    log = {"name": "orders", "customer_id": "user", "timestamp": "at", "timezone": "UTC"}
    people = {"name": "people", "kind": "customers", "customer_id": "user", "known_from": "at"}
    people |= {"timezone": "UTC", "attributes": {"age": {"column": "age"}}}
    people["rules"] = [{"column": "age", "max": 120}, {"column": "at", "not_before": "2000-01-01"}]
    people["path"] = [
        {"user": "a", "at": "2020-01-01", "age": 30},
        {"user": "b", "at": "2020-01-01", "age": 300},
        {"user": "c", "at": "1999-12-31", "age": 30},
    ]
    done = run({**log, "event_type": "order", "path": [SOUND]}, people)
    assert done.refused["rule"].to_list() == ["age_above_max", "known_from_too_early"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"column": "amout", "min": 0}, r"rules\[0\]: .*no column amout\. Did you mean amount\?"),
        ({"column": "price", "min": 0}, r"no column price\. Did you mean amount\?"),
        ({"column": "channel", "min": 0}, r"no column channel\. Columns mapped: user, at, amount"),
        ({"column": "at", "min": 0}, r"at holds times\. Write not_before or not_in_future"),
        ({"column": "amount", "not_before": "2020-01-01"}, r"not mapped to one\. Did you mean at"),
        ({"column": "amount", "min": 0, "event_types": ["ordr"]}, "all records.* of type order"),
        ({"column": "amount", "pattern": "(a"}, r"pattern is '\(a'.*\(unclosed group\)"),
        ({"column": "amount", "pattern": "(?=a)"}, r"look-around.* not supported.* not possible"),
    ],
)
def test_a_rule_that_does_not_fit_the_source_is_an_error(
    rule: dict[str, Any], message: str, orders: Callable[..., Any]
) -> None:
    with pytest.raises(ConfigError, match=f"source orders, .*{message}"):
        orders([SOUND], attributes={"price": {"column": "amount"}}, rules=[rule])


def test_customers_have_no_types_of_events(run: Callable[..., Any]) -> None:
    log = {"name": "orders", "customer_id": "user", "timestamp": "at", "timezone": "UTC"}
    people = {"name": "people", "kind": "customers", "customer_id": "user", "path": [SOUND]}
    people |= {"attributes": {"amount": {"column": "amount"}}}
    people["rules"] = [{"column": "amount", "min": 0, "event_types": ["order"]}]
    with pytest.raises(ConfigError, match="customers have no event_types"):
        run({**log, "event_type": "order", "path": [SOUND]}, people)


def test_a_range_is_of_numbers(orders: Callable[..., Any], tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["a"], "at": ["2020-01-01"], "amount": [[1]]})
    frame.write_parquet(tmp_path / "log.parquet")
    attributes = {"amount": {"column": "amount", "fold": "count"}}
    with pytest.raises(ConfigError, match=r"column amount is List.* min or a max; expected num"):
        orders(
            str(tmp_path / "log.parquet"),
            kind="parquet",
            fold_by=["at"],
            attributes=attributes,
            rules=[{"column": "amount", "min": 0}],
        )
