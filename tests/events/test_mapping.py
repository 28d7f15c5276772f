from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.config.sources import CsvSource, CustomersSource
from seqchurn.errors import ConfigError, DataError
from seqchurn.events.filtering import mark_met
from seqchurn.events.identity.identifiers import LINKED, Naming
from seqchurn.events.identity.keyed import keyed_hash
from seqchurn.events.mapping import RAW, map_customers, map_events
from seqchurn.events.sources import FILE, MALFORMED, RECORD

DAY, LATER = "2020-01-01", "2020-01-02"
ROWS: list[dict[str, Any]] = [
    {"user": "a", "at": DAY, "amount": 1, "basket": "p", "product": "x"},
    {"user": "a", "at": LATER, "amount": 2.5, "basket": "p", "product": "y"},
    {"user": "a", "at": DAY, "amount": None, "basket": "p", "product": "y"},
    {"user": "a", "at": DAY, "amount": None, "basket": "q", "product": None},
    {"user": "b", "at": DAY, "amount": 4, "basket": "p", "product": "x"},
]


def test_line_items_fold_into_one_event_per_customer_and_key(orders: Callable[..., Any]) -> None:
    folds = ["sum", "mean", "min", "max", "first", "last", "count"]
    attributes = {fold: {"column": "amount", "fold": fold} for fold in folds}
    attributes["products"] = {"column": "product", "fold": "n_unique"}
    table = orders(ROWS, fold_by=["basket"], attributes=attributes).table
    assert table.sort("customer_id", "timestamp").select(
        "customer_id", pl.col("timestamp").dt.date().cast(pl.String), *folds, "products"
    ).rows() == [
        ("a", DAY, None, None, None, None, None, None, 0.0, 0.0),
        ("a", LATER, 3.5, 1.75, 1.0, 2.5, 1.0, 2.5, 2.0, 2.0),
        ("b", DAY, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 1.0, 1.0),
    ]


def test_nothing_later_than_its_stamp_is_inside_a_folded_event(orders: Callable[..., Any]) -> None:
    rng = random.Random(0)
    rows = [
        {"user": "a", "at": f"2024-0{month}-01", "amount": 2**month, "basket": rng.choice("pqrs")}
        for month in range(1, 10)
    ]
    amount = {"amount": {"column": "amount", "fold": "sum"}}
    table = orders(rows, fold_by=["basket"], attributes=amount).table
    for event in table.iter_rows(named=True):  # a sum of powers of two tells what is inside
        assert event["amount"] < 2 ** (event["timestamp"].month + 1)
    assert table["amount"].sum() == sum(row["amount"] for row in rows)


def test_an_order_that_is_completed_after_the_cutoff_comes_after_it(
    orders: Callable[..., Any],
) -> None:
    rows = [
        {"user": "a", "at": "2024-01-01", "amount": 5, "basket": "p"},
        {"user": "a", "at": "2024-03-01", "amount": 100, "basket": "p"},
    ]
    amount = {"amount": {"column": "amount", "fold": "sum"}}
    (event,) = orders(rows, fold_by=["basket"], attributes=amount).table.to_dicts()
    assert (event["timestamp"].isoformat()[:10], event["amount"]) == ("2024-03-01", 105)


def test_a_category_cannot_be_summed(orders: Callable[..., Any]) -> None:
    attributes = {"product": {"column": "product", "type": "category", "fold": "sum"}}
    with pytest.raises(ConfigError, match="attribute product: fold sum makes a number"):
        orders(ROWS, fold_by=["basket"], attributes=attributes)


def test_a_folded_event_keeps_its_id_when_a_line_is_added(orders: Callable[..., Any]) -> None:
    before = orders(ROWS[:1], fold_by=["basket"]).table
    after = orders(ROWS[:3], fold_by=["basket"]).table
    assert before["event_id"].to_list() == after["event_id"].to_list()


def test_records_with_one_id_are_one_record(orders: Callable[..., Any]) -> None:
    rows = [
        {"user": "a", "at": DAY, "amount": 2, "id": "7"},
        {"user": "a", "at": DAY, "amount": 2, "id": "7"},
        {"user": "b", "at": DAY, "amount": 2, "id": "7"},
        {"user": "b", "at": DAY, "amount": 2, "id": None},
    ]
    done = orders(rows, event_id="id")
    assert (done.report.kept, done.report.duplicate) == (3, 1)
    ids = done.table["event_id"].to_list()
    assert ids[0] == "orders:7"
    assert sum(i == "orders:7" for i in ids) == 2


def test_alike_records_stay_with_a_warning_or_go(orders: Callable[..., Any]) -> None:
    rows = [{"user": "a", "at": DAY, "amount": 1}] * 3
    kept, dropped = orders(rows), orders(rows, duplicates="drop")
    assert (kept.report.kept, kept.report.duplicate) == (3, 0)
    assert kept.report.warnings[0].startswith("2 records repeat another")
    assert kept.table["event_id"].n_unique() == 3
    assert (dropped.report.kept, dropped.report.duplicate) == (1, 2)
    assert dropped.report.warnings == ()


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("amount > 1", 2),
        ("amount IN (1, 4)", 2),
        ("product = 'x' AND amount >= 1", 2),
        ("amount IS NULL", 2),
        ("NOT (product = 'x')", 2),
        ("CASE WHEN ROUND(amount, 0) > 1 THEN true ELSE false END", 2),
        ("1 = 1", 5),
        ("\"user\" = 'b'", 1),
        ("basket LIKE 'p%' OR amount + 1 > 2", 4),
    ],
)
def test_where_means_the_same_in_every_format(
    kind: str, where: str, kept: int, orders: Callable[..., Any]
) -> None:
    done = orders(ROWS, kind=kind, where=where)
    assert (done.report.kept, done.report.filtered) == (kept, len(ROWS) - kept)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("amount >", "not an SQL condition"),
        ("user = 'a'", "double quotes around a column that is named like a word of SQL"),
        ("amount + 1", "neither true nor false"),
        ("(amount > 1) AND (amount = 'x')", "does not fit the columns"),
        ("amount > 0 AND sum(amount) > 1", "looks at more than one record"),
        ("amount > avg(amount)", "looks at more than one record"),
        ("max(amount) OVER (PARTITION BY product) > 1", "looks at more than one record"),
        ("row_number() OVER (ORDER BY amount) > 1", "looks at more than one record"),
        ("count(*) > 1", "looks at more than one record"),
        ("first(amount) > 1", "looks at more than one record"),
        ("amunt > 1", "no column amunt. Did you mean amount?"),
    ],
)
def test_a_condition_that_makes_no_sense_is_an_error(
    where: str, message: str, orders: Callable[..., Any]
) -> None:
    with pytest.raises(ConfigError, match=message):
        orders(ROWS, where=where)


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_a_lookup_adds_columns_to_map_and_filter_by(
    ending: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    table = write(
        [{"id": 7, "sent": DAY, "kind": "mail"}, {"id": 8, "sent": DAY, "kind": "call"}],
        tmp_path / f"table.{ending}",
    )
    pl.DataFrame({"user": ["a", "b", "c"], "campaign": [7, 8, 9]}).write_parquet(
        tmp_path / "log.parquet"
    )
    done = orders(
        str(tmp_path / "log.parquet"),
        kind="parquet",
        timestamp="sent",
        attributes={"channel": {"column": "kind", "type": "category"}},
        lookup={"path": str(table), "on": "campaign", "key": "id", "columns": ["sent", "kind"]},
        where="kind IS NULL OR kind = 'mail'",
    )
    assert done.table.select("customer_id", "channel").rows() == [("a", "mail")]
    assert (done.report.filtered, done.report.quarantined) == (1, 1)  # c has no match: no time


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ["kind"]}, "lookup: key id must hold each value once, but 7 occurs"),
        ({"columns": ["knd"]}, "lookup: there is no column knd. Did you mean kind?"),
        ({"columns": ["amount"]}, "column amount is in the log and in the table"),
        ({"columns": ["kind"], "path": "table.xlsx"}, "cannot tell the format of table.xlsx"),
    ],
)
def test_a_lookup_that_does_not_fit_is_an_error(
    changes: dict[str, Any], message: str, orders: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "table.xlsx").touch()
    (tmp_path / "table.csv").write_text("id,kind,amount\n7,mail,1\n7,call,2\n")
    changes["path"] = str(tmp_path / changes.get("path", "table.csv"))
    with pytest.raises(ConfigError, match=message):
        orders(ROWS, lookup={"on": "basket", "key": "id", **changes})


CUSTOMERS = {
    "name": "people",
    "kind": "customers",
    "customer_id": "id",
    "timezone": "UTC",
    "attributes": {
        "age": {"column": "age"},
        "town": {"column": "town", "type": "category"},
    },
}


def customers(run: Callable[..., Any], table: list[dict[str, Any]], **changes: Any) -> Any:
    orders = {"name": "orders", "customer_id": "user", "timestamp": "at", "timezone": "UTC"}
    orders |= {"event_type": "order", "path": ROWS}
    return run(orders, {**CUSTOMERS, **changes, "path": table})


def test_static_attributes_stand_on_every_event(run: Callable[..., Any]) -> None:
    table = [
        {"id": "a", "age": 30, "town": "York", "since": DAY},
        {"id": "c", "age": 40, "town": "Bath", "since": DAY},
        {"id": "d", "age": "old", "town": "Bath", "since": DAY},
    ]
    done = customers(run, table, known_from="since")
    found = (
        done.table.select("customer_id", "age", "town", "known_from").unique().sort("customer_id")
    )
    assert found["age"].to_list() == [30.0, None]
    assert found["town"].to_list() == ["York", None]
    assert [str(time) for time in found["known_from"]] == ["2020-01-01 00:00:00+00:00", "None"]
    assert done.table.columns[-3:] == ["age", "town", "known_from"]
    report = done.reports[1]
    assert (report.read, report.kept, report.quarantined, report.events) == (3, 2, 1, 0)
    assert report.warnings == ("1 customers have no event and are left out",)
    assert done.refused["source"].to_list() == ["people"]


def test_without_known_from_there_is_no_such_column(run: Callable[..., Any]) -> None:
    assert "known_from" not in customers(run, [{"id": "a", "age": 1, "town": "x"}]).table.columns


def test_a_customer_can_be_in_the_table_once_only(run: Callable[..., Any]) -> None:
    table = [{"id": "a", "age": 1, "town": "x"}, {"id": "a", "age": 2, "town": "x"}]
    with pytest.raises(DataError, match="customer a has more than one row"):
        customers(run, table)


KEY = b"0123456789abcdef"


def raw_frame(**columns: list[Any]) -> pl.LazyFrame:
    places = {FILE: pl.lit("f"), RECORD: pl.lit(0, pl.Int64), MALFORMED: pl.lit(None, pl.String)}
    return pl.LazyFrame(columns).with_columns(**places)


@pytest.mark.parametrize("key", [None, KEY])
def test_events_and_customers_are_identified_alike(key: bytes | None) -> None:
    def shown(value: str) -> str:
        return value if key is None else keyed_hash(value, key)

    naming = Naming(("user", "email"), key)
    table = {"name": "x", "path": "x", "identifiers": {"email": "mail", "user": "id"}}
    age = {"age": {"column": "age"}}
    events = CsvSource(kind="csv", timestamp="at", timezone="UTC", event_type="order", **table)
    people = CustomersSource(kind="customers", attributes=age, **table)
    raw = raw_frame(id=[7.0, None], mail=["x", "x"], age=[30, 40], at=[DAY, DAY])
    expected = [
        (f"user:{shown('7')}", [f"email:{shown('x')}"]),
        (f"email:{shown('x')}", None),
    ]
    mapped = map_events(mark_met(raw, events), events, naming)
    assert mapped.select("customer_id", LINKED).collect().rows() == expected
    assert mapped.collect_schema()[RAW + "id"] == pl.Float64  # rules see what was stored
    assert mapped.collect_schema().names()[-5:] == [
        *("customer_id", LINKED, "timestamp", "event_type", "event_id")
    ]
    joined = map_customers(raw, people, naming).select("customer_id", LINKED, "age")
    assert joined.collect().rows() == [(*who, a) for who, a in zip(expected, (30, 40), strict=True)]


def test_an_id_alone_is_hashed_too() -> None:
    source = CsvSource(
        kind="csv", name="x", path="x", customer_id="id", timestamp="at", event_type="order"
    )
    raw = raw_frame(id=["7", "", None], at=[DAY] * 3)
    mapped = map_events(mark_met(raw, source), source, Naming((), KEY)).collect()
    assert mapped["customer_id"].to_list() == [keyed_hash("7", KEY), None, None]
    assert LINKED not in mapped.columns
