"""Every record of every kind of source is accounted for, in the report and in the manifest."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.events.sources import READERS
from seqchurn.schema import QUARANTINE, dtypes
from tests.snowplow_shop import line

Row = dict[str, str | None]

DAY = "2020-01-01T10:00:00Z"
ROWS: list[Row] = [
    {"user": user, "at": at, "amount": amount, "id": number, "basket": basket}
    for user, at, amount, number, basket in [
        ("a", DAY, "1", "1", "p"),
        ("a", DAY, "2", "2", "p"),  # folded away
        ("a", DAY, "2", "2", "p"),  # a repeated delivery
        ("b", DAY, "3", "3", "q"),
        ("b", DAY, "3", "4", "r"),
        (None, DAY, "4", "5", "s"),  # from here on refused
        ("c", "soon", "4", "6", "s"),
        ("c", "2190-01-01T00:00:00Z", "4", "7", "s"),
        ("c", DAY, "-1", "8", "s"),
        ("c", DAY, "500", "9", "s"),  # filtered
    ]
]
COUNTS = {
    **{"read": 10, "kept": 4, "duplicate": 1, "quarantined": 4, "filtered": 1},
    **{"folded_away": 1, "extra": 0, "events": 3},
}
PLAIN = {"customer_id": "user", "timestamp": "at", "event_id": "id"}


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))


def as_csv(rows: list[Row], folder: Path) -> Row:
    file = folder / "log.csv"
    file.write_text(frame(rows).write_csv() + 'd,"broken\n')
    return {**PLAIN, "path": str(file)}


def as_ndjson(rows: list[Row], folder: Path) -> Row:
    file = folder / "log.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"user": "d\n')
    return {**PLAIN, "path": str(file)}


def as_parquet(rows: list[Row], folder: Path) -> Row:
    frame(rows).write_parquet(folder / "log.parquet")
    return {**PLAIN, "path": str(folder / "log.parquet")}


def as_delta(rows: list[Row], folder: Path) -> Row:
    pytest.importorskip("deltalake")
    frame(rows).write_delta(folder / "log")
    return {**PLAIN, "path": str(folder / "log")}


def as_sql(rows: list[Row], folder: Path) -> Row:
    with closing(sqlite3.connect(folder / "log.db")) as connection, connection:
        connection.execute('CREATE TABLE log ("user", at, amount, id, basket)')
        connection.executemany(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?)", [tuple(row.values()) for row in rows]
        )
    return {**PLAIN, "uri": f"sqlite:///{folder}/log.db", "table": "log"}


def as_segment(rows: list[Row], folder: Path) -> Row:
    messages = [
        {
            "type": "track",
            "event": "order",
            **{"userId": row["user"], "timestamp": row["at"], "messageId": row["id"]},
            "properties": {"amount": row["amount"], "basket": row["basket"]},
        }
        for row in rows
    ]
    file = folder / "log.ndjson"
    file.write_text("".join(json.dumps(message) + "\n" for message in messages) + "[]\n")
    return {"path": str(file), "amount": "properties.amount", "basket": "properties.basket"}


def as_snowplow(rows: list[Row], folder: Path) -> Row:
    lines = [
        line(
            user_id=row["user"] or "",
            derived_tstamp=row["at"],
            event_id=row["id"],
            se_value=row["amount"],
            se_label=row["basket"],
        )
        for row in rows
    ]
    file = folder / "log.tsv"
    file.write_text("\n".join([*lines, "a\tb\n"]))
    return {"path": str(file), "amount": "se_value", "basket": "se_label"}


WRITERS: dict[str, Callable[[list[Row], Path], Row]] = {
    "csv": as_csv,
    "parquet": as_parquet,
    "ndjson": as_ndjson,
    "segment": as_segment,
    "snowplow": as_snowplow,
    "sql": as_sql,
    "delta": as_delta,
}
DAMAGED = {
    "csv": "quotes_broken",
    "ndjson": "json_broken",
    "segment": "json_not_an_object",
    "snowplow": "field_count_wrong",
}
"""Kinds whose log has one more record, a damaged one, and the rule that it breaks."""

PEOPLE: dict[str, Any] = {
    "name": "people",
    "kind": "customers",
    "customer_id": "user",
    "attributes": {"age": {"column": "age"}},
    "path": [{"user": "a", "age": 30}, {"user": "z", "age": 40}, {"user": "", "age": 50}],
}


def test_every_kind_of_source_is_counted_here() -> None:
    assert set(WRITERS) == set(READERS) - {"customers", "links"}


@pytest.mark.parametrize("kind", WRITERS)
def test_what_was_read_is_what_became_of_it(
    kind: str, run: Callable[..., Any], tmp_path: Path
) -> None:
    mapped = {"amount": "amount", "basket": "basket", **WRITERS[kind](ROWS, tmp_path)}
    amount, basket = mapped.pop("amount"), mapped.pop("basket")
    source = {
        **mapped,
        **{"name": "log", "kind": kind, "event_type": "order", "fold_by": [basket]},
        **{"attributes": {"amount": {"column": amount, "fold": "sum"}}},
        **{"where": f'"{amount}" < 100', "rules": [{"column": amount, "min": 0}]},
    }
    done = run(source, PEOPLE)
    log, people = done.store.manifest()["sources"]
    damaged = int(kind in DAMAGED)
    for report in (log, people):
        assert report["read"] == sum(
            report[count] for count in ("kept", "duplicate", "quarantined", "filtered")
        )
    assert log["events"] == log["kept"] - log["folded_away"] + log["extra"] == done.table.height
    expected = {**COUNTS, "read": 10 + damaged, "quarantined": 4 + damaged}
    assert {count: log[count] for count in COUNTS} == expected
    assert (people["read"], people["kept"], people["quarantined"], people["events"]) == (3, 2, 1, 0)
    assert [report.as_json() for report in done.reports] == [log, people]
    assert dict(done.refused.schema) == dtypes(QUARANTINE)
    rules = done.refused.filter(source="log")["rule"].to_list()
    assert [rule.removeprefix(f"{amount}_") for rule in rules] == [
        "customer_id_missing",
        "timestamp_unparsable",
        "timestamp_in_future",
        "below_min",
        *([DAMAGED[kind]] if damaged else []),
    ]
    quarantined = done.store.manifest()["quarantined"]
    assert sum(quarantined["log"].values()) == log["quarantined"]
