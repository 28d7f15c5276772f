"""What to change in a sound source, and the message that this causes.

Each message says where, what was found, what was expected and what to do; [events] and the name of
the source, which all begin with, are left out. Three dots stand for words of another program, and
for a list of columns; FOLDER is the working directory.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "OF_CUSTOMERS",
    "OF_THE_CONFIG",
    "ORDERS",
    "PEOPLE",
    "Changes",
]

Changes = dict[str, Any]

ORDERS: Changes = {
    "name": "orders",
    "path": "log.csv",
    "customer_id": "user",
    "timestamp": "at",
    "timezone": "UTC",
    "event_type": "order",
    "attributes": {"amount": {"column": "amount"}},
}
PEOPLE: Changes = {
    "name": "people",
    "kind": "customers",
    "path": "people.csv",
    "customer_id": "user",
    "attributes": {"age": {"column": "age"}},
}
TYPED = {"kind": "parquet", "path": "typed.parquet", "attributes": {}}
SQL = {"kind": "sql", "path": None, "uri": "sqlite:///FOLDER/shop.db", "table": "orders"}
DELTA = {"kind": "delta", "path": "lake"}
LOOKUP = {"path": "table.csv", "on": "product", "key": "sku", "columns": ["colour"]}


def rule(**demands: Any) -> Changes:
    return {"rules": [{"column": "amount", **demands}]}


OF_THE_CONFIG: dict[str, tuple[Changes, str]] = {
    "a column almost there": (
        {"customer_id": "usr"},
        "there is no column usr. Did you mean user? Columns present: user, at, amount, product.",
    ),
    "a column unlike any": (
        {"event_id": "key"},
        "there is no column key. Columns present: user, at, amount, product. Correct the name, or "
        "add the column to the log.",
    ),
    "a condition on a column that is not there": (
        {"where": "amunt > 1"},
        "there is no column amunt. Did you mean amount? Columns present: ...",
    ),
    "a condition that is no SQL": (
        {"where": "amount >"},
        "where is 'amount >', which is not an SQL condition (...). Write it like amount > 0, with "
        "double quotes around a column that is named like a word of SQL.",
    ),
    "a condition that is no condition": (
        {"where": "amount + 1"},
        "where is 'amount + 1', which does not fit the columns (it is neither true nor false). "
        "Compare text with 'text', numbers with numbers and times with TIMESTAMP '2017-10-01 "
        "00:00:00'.",
    ),
    "a condition on all records": (
        {"where": "sum(amount) > 1"},
        "where is 'sum(amount) > 1', which looks at more than one record at once; expected a "
        "condition on the values of a record. Remove sum, count, OVER and the like, or filter the "
        "log before.",
    ),
    "a column with a name of ours": (
        {"path": "ours.csv"},
        "ours.csv has a column seqchurn:record, and names with seqchurn: mark columns that are "
        "added to those of the log. Rename it there.",
    ),
    "a column with a name of ours in one of many files": (
        {"path": "[lo]*.csv"},
        "ours.csv has a column seqchurn:record, and names with seqchurn: mark columns that are "
        "added to those of the log. Rename it there.",
    ),
    "a column with a name of ours in Parquet": (
        {"kind": "parquet", "path": "ours.parquet"},
        "ours.parquet has a column seqchurn:file, and names with seqchurn: mark columns that are "
        "added to those of the log. Rename it there.",
    ),
    "a table to look up with a name of ours": (
        {"lookup": {**LOOKUP, "path": "ours.csv"}},
        ", lookup: ours.csv has a column seqchurn:record, and names with seqchurn: mark columns "
        "that are added to those of the log. Rename it there.",
    ),
    "columns with control characters": (
        {"path": "odd.csv", "event_id": "key"},
        r"there is no column key. Columns present: user, at, amo\tunt\n, größe. Correct the name, "
        "or add the column to the log.",
    ),
    "times stored without a zone": (
        {**TYPED, "timezone": None},
        "stamps in column at carry no time zone. Set timezone to the zone of the clock that wrote "
        "them, such as UTC or Europe/London.",
    ),
    "numbers for times": (
        {**TYPED, "timestamp": "number"},
        "timestamp column number holds numbers (Int64); expected times. If they count from "
        "1970-01-01 UTC, set timestamp_format to s, ms or us.",
    ),
    "flags for times": (
        {**TYPED, "timestamp": "flag"},
        "timestamp column flag is Boolean; expected a datetime, a date or text. Name another "
        "column, or write it so in the log.",
    ),
    "lists for numbers": (
        {**TYPED, "attributes": {"size": {"column": "list"}}},
        ", attribute size: column list is List(Int64); expected numbers. Name another column, or "
        "set type: category.",
    ),
    "days with a range": (
        {
            **TYPED,
            "attributes": {"day": {"column": "day", "type": "category"}},
            "rules": [{"column": "day", "min": 1}],
        },
        "column day is Date, and a rule gives it a min or a max; expected numbers. Remove min and "
        "max from the rule.",
    ),
    "a category that is summed": (
        {
            "fold_by": ["at"],
            "attributes": {"p": {"column": "product", "type": "category", "fold": "sum"}},
        },
        ", attribute p: fold sum makes a number of a category. Set type: number, or a fold of "
        "first, last, min, max.",
    ),
    "a rule for a column almost mapped": (
        {"rules": [{"column": "amont", "min": 0}]},
        ", rules[0]: the source maps no column amont. Did you mean amount? Columns mapped: user, "
        "at, amount.",
    ),
    "a rule for a column that is not mapped": (
        {"rules": [{"column": "product", "required": True}]},
        ", rules[0]: the source maps no column product. Columns mapped: user, at, amount.",
    ),
    "a range of times": (
        {"rules": [{"column": "at", "min": 0}]},
        ", rules[0]: min and max are of numbers, and at holds times. Write not_before or "
        "not_in_future.",
    ),
    "a floor of time under numbers": (
        rule(not_before="2020-01-01"),
        ", rules[0]: not_before and not_in_future are of times, and amount is not mapped to one. "
        "Did you mean at?",
    ),
    "a rule for types that the source has not": (
        rule(min=0, event_types=["ordr", "visit"]),
        ", rules[0]: event_types is ordr, visit, and all records of the source are of type order. "
        "Remove event_types from the rule.",
    ),
    "a pattern that is none": (
        rule(pattern="(a"),
        ", rules[0]: pattern is '(a', which is not a regular expression (unclosed group). Correct "
        "it; look-around and back references are not possible.",
    ),
}

OF_CUSTOMERS: dict[str, tuple[Changes, str]] = {
    "types of events": (
        {"rules": [{"column": "age", "min": 0, "event_types": ["order"]}]},
        ", rules[0]: customers have no event_types. Remove them from the rule.",
    ),
    "a floor of time without a time": (
        {"rules": [{"column": "age", "not_in_future": True}]},
        ", rules[0]: not_before and not_in_future are of times, and age is not mapped to one. "
        "Remove the rule.",
    ),
    "a floor of time under numbers": (
        {"known_from": "since", "rules": [{"column": "age", "not_before": "2020-01-01"}]},
        ", rules[0]: not_before and not_in_future are of times, and age is not mapped to one. Did "
        "you mean since?",
    ),
    "a table of no known format": (
        {"path": "table.xlsx"},
        "cannot tell the format of table.xlsx from its ending; expected .csv, .parquet or .ndjson. "
        "Rename or convert the file.",
    ),
    "a column that is not there": (
        {"known_from": "sinec"},
        "there is no column sinec. Did you mean since? Columns present: user, age, since.",
    ),
}
