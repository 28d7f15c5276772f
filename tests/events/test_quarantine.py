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
from seqchurn.errors import ConfigError, DataError
from seqchurn.events.checks import is_refused, rules
from seqchurn.events.filtering import mark_met
from seqchurn.events.identifiers import LINKED, Naming
from seqchurn.events.keyed import keyed_hash
from seqchurn.events.mapping import map_events, map_links
from seqchurn.events.quarantine import commonest, quarantined
from seqchurn.events.sources import FILE, MALFORMED, RECORD
from seqchurn.schema import CUSTOMER_ID, QUARANTINE, dtypes

SOUND = {"user": "a", "at": "2020-01-01", "amount": "1", "type": "order"}


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize(
    ("damage", "rule", "reason"),
    [
        ({"user": None}, "customer_id_missing", "user is null or empty"),
        ({"user": ""}, "customer_id_missing", "user is null or empty"),
        ({"at": None}, "timestamp_missing", "at is null or empty"),
        ({"at": "soon"}, "timestamp_unparsable", "at is soon, not an ISO 8601 time, or no time"),
        ({"at": "9999-12-31"}, "timestamp_out_of_range", "outside the years 1900 to 2199"),
        ({"type": None}, "event_type_missing", "type is null or empty"),
        ({"amount": "1,5"}, "attribute_not_a_number", "amount is 1,5, not a number"),
        ({"amount": "NaN"}, "attribute_not_finite", "amount is NaN, not a finite number"),
        ({"amount": "1e39"}, "attribute_not_finite", "amount is 1e39, not a finite number"),
    ],
)
def test_a_record_that_breaks_a_rule_is_kept_apart_with_the_reason(
    kind: str, damage: dict[str, Any], rule: str, reason: str, orders: Callable[..., Any]
) -> None:
    rows = [SOUND, {**SOUND, **damage}, SOUND]
    done = orders(rows, kind=kind, event_type=None, event_type_column="type")
    assert dict(done.refused.schema) == dtypes(QUARANTINE)
    (refused,) = done.refused.to_dicts()
    assert (refused["source"], refused["record"], refused["rule"]) == ("orders", 1, rule)
    assert refused["file"].endswith(f"orders.{kind}")
    assert refused["reason"].startswith(reason) or refused["reason"].endswith(reason)
    assert json.loads(refused["raw"]).keys() == SOUND.keys()
    assert refused["customer_id"] == (None if "user" in damage else "a")
    assert done.store.manifest()["quarantined"] == {"orders": {rule: 1}}
    assert done.report.kept == 2


def test_a_null_fold_key_cannot_be_folded(orders: Callable[..., Any]) -> None:
    rows = [{**SOUND, "basket": "1"}, {**SOUND, "basket": None}]
    done = orders(rows, fold_by=["basket"])
    assert done.refused["rule"].to_list() == ["fold_key_missing"]


def test_a_counted_column_may_hold_anything(orders: Callable[..., Any]) -> None:
    rows = [{**SOUND, "amount": "not a number"}]
    counted = {"lines": {"column": "amount", "fold": "count"}}
    assert orders(rows, fold_by=["at"], attributes=counted).table["lines"].to_list() == [1.0]


def test_stamps_without_a_zone_are_an_error_not_a_guess(orders: Callable[..., Any]) -> None:
    rows = [{**SOUND, "at": "2020-01-01T00:00:00Z"}, SOUND]
    with pytest.raises(ConfigError, match=r"2020-01-01, a stamp without a zone.*Set timezone"):
        orders(rows, timezone=None)


def test_an_attribute_that_holds_no_numbers_at_all_is_an_error(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    frame = pl.DataFrame({"user": ["a"], "at": ["2020-01-01"], "amount": [[1]]})
    frame.write_parquet(tmp_path / "log.parquet")
    with pytest.raises(ConfigError, match=r"attribute amount: column amount is List.*category"):
        orders(str(tmp_path / "log.parquet"), kind="parquet")


def test_a_damaged_csv_line_costs_itself_only(orders: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        'user,at,amount\r\n"a ""x"", y",2020-01-01,1\r\nb,2020-01-01\r\nc,"2020-01-01,1\r\n'
        "d,2020-01-01,1,2\r\ne,2020-01-01,\r\n"
    )
    done = orders(str(file))
    assert done.table["customer_id"].to_list() == ['a "x", y', "e"]
    assert done.table["amount"].to_list() == [1.0, None]
    assert done.refused["record"].to_list() == [1, 2, 3]
    assert done.refused["rule"].to_list() == [
        "field_count_wrong",
        "quotes_broken",
        "field_count_wrong",
    ]
    assert done.refused["reason"].to_list() == [
        "the line has 2 fields, the header 3",
        "the quote that opens field 2 is not closed",
        "the line has 4 fields, the header 3",
    ]
    assert done.refused["raw"].to_list()[0] == "b,2020-01-01"
    assert done.report.read == 5


def test_a_damaged_json_line_costs_itself_only(orders: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    sound = {"user": 1, "at": "2020-01-01", "amount": 1.5, "a.b": {"c": 1}}
    file.write_text(f'{json.dumps(sound)}\n{{"user": 2, "at\n\n[1]\n{json.dumps(sound)}\n')
    done = orders(str(file), kind="ndjson", fold_by=["a.b"])
    assert done.table.select("customer_id", "amount").rows() == [("1", 1.5)]
    assert done.refused["record"].to_list() == [1, 3]
    assert done.refused["rule"].to_list() == ["json_broken", "json_not_an_object"]
    assert done.report.read == 4


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_where_does_not_hide_damaged_lines(
    kind: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write([SOUND, {**SOUND, "amount": "-1"}], tmp_path / f"log.{kind}")
    with file.open("a") as log:
        log.write('b,"2020\n' if kind == "csv" else '{"user": "b\n')
    done = orders(str(file), kind=kind, where="amount > 0")
    assert (done.report.kept, done.report.filtered, done.report.quarantined) == (1, 1, 1)
    rule = "quotes_broken" if kind == "csv" else "json_broken"
    assert done.refused["rule"].to_list() == [rule]


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
def test_where_that_hangs_on_text_that_is_no_number_is_undecided(
    kind: str, orders: Callable[..., Any]
) -> None:
    rows = [
        SOUND,
        {**SOUND, "amount": "1,5"},
        {**SOUND, "amount": "1,5", "type": "visit"},  # not met, whatever the amount
        {**SOUND, "amount": None},
        {**SOUND, "amount": " "},
        {**SOUND, "amount": "-1"},
    ]
    where = "amount > 0 AND type = 'order'"
    done = orders(rows, kind=kind, where=where, attributes={})
    assert (done.report.kept, done.report.filtered, done.report.quarantined) == (1, 4, 1)
    (refused,) = done.refused.to_dicts()
    assert (refused["record"], refused["rule"]) == (1, "where_not_a_number")
    assert refused["reason"] == "amount is 1,5, not a number, and where compares it with one"


def test_a_line_break_inside_quotes_is_reported(orders: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text('user,at,amount\na,2020-01-01,1\n"b\nb",2020-01-01,2\n')
    done = orders(str(file))
    assert (done.report.read, done.report.kept) == (2, 2)
    assert done.report.warnings[0].startswith("1 records hold a line break inside quotes; ")
    assert orders([SOUND]).report.warnings == ()


def test_two_stray_quotes_do_not_swallow_the_records_between(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        'user,at,amount\na,2020-01-01,1\n"b,2020-01-01,2\nc,2020-01-01,3\nd",2020-01-01,4\n'
    )
    done = orders(str(file))
    assert done.table["customer_id"].to_list() == ["a", "c"]
    assert done.refused.select("record", "customer_id").rows() == [(1, None), (3, None)]


def test_a_file_that_is_no_log_at_all_is_refused(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "log.parquet"
    file.write_bytes(b"user,at,amount\na,2020-01-01,1\n")
    with pytest.raises(DataError, match=r"source orders: .*log.parquet cannot be read"):
        orders(str(file), kind="parquet")


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
    assert dict(table.schema) == dtypes(QUARANTINE)
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
    hashed = keyed_hash(KEY, "7"), f"email:{keyed_hash(KEY, 'bob@x')}"
    assert table["customer_id"].to_list() == [*hashed, None, None]
    assert table["reason"].to_list() == [
        "at is (hidden), not an ISO 8601 time, or no time of the clocks in UTC",
        "amount is (hidden), not a number",
        "id, mail are null or empty",
        "the quote that opens field 2 is not closed",
    ]
    assert table["raw"].to_list() == [keyed_hash(KEY, raw) for raw in plain["raw"]]


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
