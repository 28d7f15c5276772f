from __future__ import annotations

import csv
import gzip
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOTE = {"amount": {"column": "amount"}, "note": {"column": "note", "type": "category"}}
BAD = b"z,2020-01-01,1,\xff\n"
"""A line that makes a file one that is read line by line."""

Write = Callable[..., Any]


@pytest.fixture
def ingested(orders: Write, tmp_path: Path) -> Write:
    """Ingest the lines of a file with user, at, amount and note."""

    def ingest_lines(*lines: str | bytes, name: str = "log.csv", **changes: Any) -> Any:
        raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
        file = tmp_path / name
        file.write_bytes(b"user,at,amount,note\n" + b"".join(raw))
        return orders(str(file), attributes=NOTE, **changes)

    return ingest_lines


def test_records_between_two_stray_quotes_are_kept(ingested: Write) -> None:
    done = ingested(
        'a,2020-01-01,1,"open\n', "b,2020-01-01,1,x\n", "c,2020-01-01,1,y\n", 'd,2020-01-01,1,z"\n'
    )
    assert done.table["customer_id"].to_list() == ["b", "c"]
    assert done.refused.select("record", "rule").rows() == [
        (0, "quotes_broken"),
        (3, "quotes_broken"),
    ]


def test_stray_quotes_in_a_column_that_is_not_mapped_swallow_nothing(
    orders: Write, tmp_path: Path
) -> None:
    rows = ['a,2020-01-01,1,"o', "b,2020-01-01,1,x", 'c,2020-01-01,1,y"', "d,2020-01-01,1,z"]
    file = tmp_path / "log.csv"
    file.write_text("\n".join(["user,at,amount,remark", *rows]) + "\n")
    done = orders(str(file))
    assert done.table["customer_id"].to_list() == ["b", "d"]
    assert done.report.read == 4


def test_a_line_that_is_cut_short_is_refused_in_a_file_that_is_else_sound(ingested: Write) -> None:
    done = ingested("a,2020-01-01,1,x\n", "b,2020-01-01\n", "c,2020-01-01,1,y\n")
    assert done.table["customer_id"].to_list() == ["a", "c"]
    assert done.refused["reason"].to_list() == ["the line has 2 fields, the header 4"]


@pytest.mark.parametrize("beside", [b"", BAD])
def test_an_empty_text_in_quotes_is_a_missing_value(beside: bytes, ingested: Write) -> None:
    done = ingested('"a","2020-01-01","",""\n', "b,2020-01-01,2,x\n", beside)
    assert done.table.select("amount", "note").rows() == [(None, None), (2.0, "x")]


@pytest.mark.parametrize("beside", [b"", BAD])
def test_a_record_may_go_on_over_several_lines(beside: bytes, ingested: Write) -> None:
    done = ingested('a,2020-01-01,1,"one\r\n\r\n""two"", three\n"\n', "b,2020-01-01,2,x\n", beside)
    assert done.table["note"].to_list() == ['one\r\n\r\n"two", three\n', "x"]
    assert done.report.quarantined == bool(beside)


def test_a_stray_quote_before_a_record_over_several_lines_costs_its_line_only(
    ingested: Write,
) -> None:
    done = ingested(
        'a,2020-01-01,1,"x\n', 'b,2020-01-01,2,"one\ntwo"\n', "c,2020-01-01,3,y\n", 'd,"\n'
    )
    assert done.table["note"].to_list() == ["one\ntwo", "y"]
    assert done.refused["record"].to_list() == [0, 4]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    notes=st.lists(st.text('ab",\r\n é', max_size=6), min_size=1, max_size=5), crlf=st.booleans()
)
def test_what_the_csv_module_writes_is_read_beside_damage_as_without_it(
    notes: list[str], crlf: bool, ingested: Write
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n" if crlf else "\n", quoting=csv.QUOTE_ALL)
    writer.writerows((f"c{n}", "2020-01-01", n, note) for n, note in enumerate(notes))
    for beside in (b"", BAD):
        done = ingested(text.getvalue(), beside)
        assert done.table["note"].to_list() == [note or None for note in notes]
        assert done.report.quarantined == bool(beside)


def test_a_packed_file_is_told_by_its_bytes_also_line_by_line(
    orders: Write, tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(gzip.compress(b"user,at,amount,note\na,2020-01-01,1,x\n" + BAD))
    done = orders(str(file), attributes=NOTE)
    assert done.table["customer_id"].to_list() == ["a"]
    assert done.refused["rule"].to_list() == ["encoding_broken"]


def test_a_header_of_any_number_of_fields_is_read_in_time(orders: Write, tmp_path: Path) -> None:
    wide = "," * 70_000
    file = tmp_path / "log.csv"
    file.write_text(f"user,at,amount{wide}\na,2020-01-01,1{wide}\nb,1\n")
    start = time.monotonic()
    done = orders(str(file))
    assert time.monotonic() - start < 10
    assert done.table["customer_id"].to_list() == ["a"]
    assert done.refused["reason"].to_list() == ["the line has 2 fields, the header 70003"]
