"""Every error that a raw log or its mapping can cause, word for word.

The tables are those of `messages` and `messages_of_files`: what to change in a sound source, and
what is said then.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import ConfigError, DataError
from tests.events.messages import OF_CUSTOMERS, OF_THE_CONFIG, ORDERS, PEOPLE, Changes
from tests.events.messages_of_files import OF_THE_DATA, OF_THE_FILES, UNREACHABLE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a log in every format and some that are damaged."""
    monkeypatch.chdir(tmp_path)
    rows = [("a", "2020-01-01", "1", "p"), ("b", "2020-01-02", "2", "q")]
    rows += [("c", "2020-01-03", "x", "p"), ("d", "2020-01-04", "4", "p")]
    log = pl.DataFrame(rows, ["user", "at", "amount", "product"], orient="row")
    log.write_csv("log.csv")
    typed = {"user": ["a"], "at": [datetime(2020, 1, 1)], "number": [1], "flag": [True]}
    typed |= {"day": [date(2020, 1, 1)], "list": [[1]]}
    pl.DataFrame(typed).write_parquet("typed.parquet")
    Path("torn.parquet").write_bytes(Path("typed.parquet").read_bytes()[:-50])
    Path("empty.csv").touch()
    Path("latin.csv").write_bytes(b"sku,colour\np,gr\xfcn\n")
    Path("ours.csv").write_text("user,at,amount,seqchurn:record\na,2020-01-01,1,x\n")
    log.rename({"amount": "seqchurn:file"}).write_parquet("ours.parquet")
    Path("odd.csv").write_text('user,at,"amo\tunt\n",größe\na,2020-01-01,1,2\n', encoding="utf-8")
    Path("people.csv").write_text("user,age,since\na,30,2020-01-01\n")
    Path("table.csv").write_text("sku,colour,amount\np,red,1\nq,red,2\n")
    Path("table.xlsx").touch()
    with closing(sqlite3.connect("shop.db")) as connection, connection:
        connection.execute('CREATE TABLE orders ("user", at, amount)')
    return tmp_path


def sentence(text: str, folder: Path) -> str:
    """A regular expression for a whole message; three dots may be anything."""
    escaped = re.escape(text.replace("FOLDER", str(folder)))
    return f"^{escaped.replace(re.escape('...'), '.*')}$"


def source_of(changes: Changes, folder: Path) -> Changes:
    source = {**ORDERS, **changes}
    if "uri" in source:
        source["uri"] = source["uri"].replace("FOLDER", str(folder))
        del source["path"]
    return source


def of(name: str, words: str) -> str:
    return f"[events] source {name}{words if words[0] in ', ' else f': {words}'}"


@pytest.mark.parametrize("cause", [*OF_THE_CONFIG, *OF_THE_FILES])
def test_what_does_not_fit_the_log_is_an_error_of_the_config(
    cause: str, run: Callable[..., Any], folder: Path
) -> None:
    changes, words = (OF_THE_CONFIG | OF_THE_FILES)[cause]
    if changes.get("kind") == "delta":
        pytest.importorskip("deltalake")
        pl.read_csv("log.csv").write_delta("lake")
    elif changes.get("path") == "lake":
        Path("lake").mkdir()
    with pytest.raises(ConfigError, match=sentence(of("orders", words), folder)):
        run(source_of(changes, folder))


@pytest.mark.parametrize("cause", OF_CUSTOMERS)
def test_what_does_not_fit_the_customers_is_an_error_of_the_config(
    cause: str, run: Callable[..., Any], folder: Path
) -> None:
    changes, words = OF_CUSTOMERS[cause]
    with pytest.raises(ConfigError, match=sentence(of("people", words), folder)):
        run(ORDERS, {**PEOPLE, **changes})


@pytest.mark.parametrize("cause", OF_THE_DATA)
def test_what_a_log_lacks_is_an_error_of_the_data(
    cause: str, run: Callable[..., Any], folder: Path
) -> None:
    changes, words = OF_THE_DATA[cause]
    with pytest.raises(DataError, match=sentence(words, folder)):
        run(source_of(changes, folder))


def test_a_customer_with_two_rows_is_named(run: Callable[..., Any], folder: Path) -> None:
    Path("people.csv").write_text("user,age\na,30\nb,40\na,31\n")
    words = "customer a has more than one row in people.csv; expected one row per customer. Remove "
    with pytest.raises(DataError, match=sentence(of("people", f"{words}the older ones."), folder)):
        run(ORDERS, PEOPLE)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (ORDERS, "timestamp"),
        (ORDERS, "event_id"),
        (ORDERS, "known_from"),
        (PEOPLE, "amount"),
        (PEOPLE, "known_from"),
    ],
)
def test_two_columns_of_one_name_are_refused(
    source: Changes, name: str, run: Callable[..., Any], folder: Path
) -> None:
    clash = {**source, "attributes": {name: {"column": "age"}}}
    words = f"[events] the attribute {name} has the name of another column of the events table. "
    with pytest.raises(ConfigError, match=sentence(f"{words}Give it another name.", folder)):
        run(*([clash] if source is ORDERS else [ORDERS, clash]))


@pytest.mark.parametrize("cause", UNREACHABLE)
def test_a_database_that_does_not_answer_is_told_with_its_words(
    cause: str, run: Callable[..., Any], folder: Path
) -> None:
    error, changes, words = UNREACHABLE[cause]
    with pytest.raises(error, match=sentence(of("orders", words), folder)):
        run(source_of(changes, folder))
