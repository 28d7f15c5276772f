from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqchurn.events.sources.structure import LONGEST, csv_damage, json_damage, too_long, undecoded

line = st.text(alphabet='ab", 1{}[]:\\é\ufffd', max_size=30)


@pytest.mark.parametrize(
    ("text", "rule", "reason"),
    [
        ("a,b", "field_count_wrong", "the line has 2 fields, the header 3"),
        ("a,b,c,", "field_count_wrong", "the line has 4 fields, the header 3"),
        ("", "field_count_wrong", "the line has 1 fields, the header 3"),
        ('"a,b,c', "quotes_broken", "the quote that opens field 1 is not closed"),
        ('a,"b""', "quotes_broken", "the quote that opens field 2 is not closed"),
        ('a,b,"c"d', "quotes_broken", "field 3 goes on after its closing quote"),
        ('a,b"b,c', "quotes_broken", "field 2 holds a quote and is not quoted"),
    ],
)
def test_what_is_wrong_with_a_line_of_csv_is_told(text: str, rule: str, reason: str) -> None:
    assert csv_damage(text, 3, ",") == (rule, reason)


@given(st.lists(st.text(alphabet='ab",é ', max_size=5), min_size=2, max_size=4))
def test_a_line_that_the_csv_module_writes_is_sound(fields: list[str]) -> None:
    written = ",".join(
        '"{}"'.format(f.replace('"', '""')) if '"' in f or "," in f else f for f in fields
    )
    assert next(csv.reader([written])) == fields
    assert csv_damage(written, len(fields), ",") is None
    assert csv_damage(written + "\r", len(fields), ",") is None
    damage = csv_damage(written, len(fields) + 1, ",")
    assert damage
    assert damage.rule == "field_count_wrong"


@pytest.mark.parametrize(
    ("text", "rule", "reason"),
    [
        ('{"a": 1', "json_broken", "no JSON from character 8 on: Expecting ',' delimiter"),
        ('{"a": "x', "json_broken", "no JSON from character 7 on: Unterminated string starting at"),
        ("", "json_broken", "no JSON from character 1 on: Expecting value"),
        ("[" * 100_000, "json_broken", "arrays or objects are nested too deeply"),
        ("[1]", "json_not_an_object", "the line is an array, not an object"),
        ("null", "json_not_an_object", "the line is null, not an object"),
        ("true", "json_not_an_object", "the line is true or false, not an object"),
        ("9" * 5_000, "json_not_an_object", "the line is a number, not an object"),
    ],
)
def test_what_is_wrong_with_a_line_of_json_is_told(text: str, rule: str, reason: str) -> None:
    assert json_damage(text) == (rule, reason)


def test_a_line_too_long_and_a_line_in_another_encoding_are_told_in_any_format() -> None:
    assert too_long("x" * LONGEST) is None
    reason = f"the line holds {2 * LONGEST} bytes, more than {LONGEST}"
    assert too_long("é" * LONGEST) == ("line_too_long", reason)
    assert undecoded("é") is None
    assert undecoded("caf\ufffd") == ("encoding_broken", "the bytes at character 4 are not UTF-8")


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(line, min_size=1, max_size=8))
def test_a_line_is_refused_by_the_reader_for_something_that_can_be_told(
    kind: str, lines: list[str], orders: Callable[..., Any], tmp_path: Path
) -> None:
    row = {"user": "a", "at": "2020-01-01", "amount": "1"}
    text = [",".join(row), ",".join(row.values())] if kind == "csv" else [json.dumps(row)]
    file = tmp_path / f"log.{kind}"
    broken = b"\nb,\xff,1\n"  # so that all is read line by line
    file.write_bytes("\n".join([*text, *lines]).encode() + broken)
    done = orders(str(file), kind=kind)
    assert done.table["customer_id"].to_list() == ["a"]
    count = 2 + sum(bool(line.strip()) for line in lines)
    if kind == "csv" and sum('"' in line for line in lines) > 1:  # and all between: one record
        assert 2 <= done.report.read <= count
    else:
        assert done.report.read == count
    assert "record_malformed" not in done.refused["rule"].to_list()


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_line_with_bytes_that_are_no_text_costs_itself_only(
    kind: str, orders: Callable[..., Any], tmp_path: Path
) -> None:
    row = {"user": "a", "at": "2020-01-01", "amount": "1", "name": "café"}
    text = ",".join(row.values()) if kind == "csv" else json.dumps(row, ensure_ascii=False)
    header = [",".join(row).encode()] if kind == "csv" else []
    file = tmp_path / f"log.{kind}"
    file.write_bytes(b"\n".join([*header, text.encode(), text.encode("latin-1"), text.encode()]))
    name = {"name": {"column": "name", "type": "category"}}
    done = orders(str(file), kind=kind, attributes=name)
    assert done.table["name"].to_list() == ["café"] * 2
    assert done.refused.select("record", "rule").rows() == [(1, "encoding_broken")]


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize("damaged", [False, True])
def test_a_value_that_is_far_too_long_is_refused_however_it_is_read(
    kind: str, damaged: bool, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    row = {"user": "a", "at": "2020-01-01", "amount": "1", "note": "x"}
    rows = [row, {**row, "note": "x" * (LONGEST + 1)}, row]
    file = write(rows, tmp_path / f"log.{kind}")
    if damaged and kind != "parquet":
        with file.open("a") as log:
            log.write('"\n')
    note = {"note": {"column": "note", "type": "category"}}
    done = orders(str(file), kind=kind, attributes=note)
    assert done.refused["record"][0] == 1
    assert done.refused["rule"][0] == "value_too_long"
    assert len(done.refused["raw"][0]) == 2_000
    assert done.report.kept == 2
