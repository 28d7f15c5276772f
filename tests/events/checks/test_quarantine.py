from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import ConfigError, DataError
from seqchurn.schema import QUARANTINE, dtypes

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
    with pytest.raises(DataError, match=r"2020-01-01, a stamp without a zone; set timezone"):
        orders([SOUND, {**SOUND, "at": None}], timezone=None)


def test_a_stamp_without_a_zone_among_others_costs_itself_only(orders: Callable[..., Any]) -> None:
    rows = [{**SOUND, "at": "2020-01-01T00:00:00Z"}, SOUND]
    done = orders(rows, timezone=None)
    assert done.refused["rule"].to_list() == ["timestamp_without_zone"]
    assert done.table.height == 1


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
