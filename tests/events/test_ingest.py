from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqchurn.errors import ConfigError, DataError
from seqchurn.events import quarantine_store, refused_store
from seqchurn.schema import CUSTOMER_ID, EVENT_ID, EVENTS, QUARANTINE, TIMESTAMP, dtypes
from seqchurn.storage import BucketStore

ORDERS: dict[str, Any] = {
    "name": "orders",
    "customer_id": "user",
    "timestamp": "at",
    "timezone": "UTC",
    "event_type": "order",
}

ROWS: list[dict[str, Any]] = [
    {"user": "b", "at": "2020-01-02T10:00:00", "amount": 2.5},
    {"user": "a", "at": "2020-01-01", "amount": None},
    {"user": "a", "at": "2020-01-01", "amount": 1},
    {"user": "a", "at": "2020-01-01", "amount": 1},
    {"user": "a", "at": "2020-01-05T00:00:00+02:00", "amount": 7},
]

damaged_row = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["a", "b", "c", "", None]),
        "at": st.sampled_from(["2020-01-01", "2020-02-03 04:05:06", "9999-12-31", "soon", None]),
        "amount": st.sampled_from(["1", "2.5", "-0", "x", "inf", "1e300", None]),
        "id": st.sampled_from(["1", "2", None]),
        "basket": st.sampled_from(["p", "q", None]),
    }
)


def tables(store: Any) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.glob("parts-*/*")}


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
def test_every_kind_of_source_gives_the_events_table(kind: str, orders: Callable[..., Any]) -> None:
    done = orders(ROWS, kind=kind)
    assert dict(done.table.schema) == {**dtypes(EVENTS), "amount": pl.Float32}
    assert done.table["customer_id"].to_list() == ["a", "a", "a", "a", "b"]
    assert done.table.filter(amount=7)["timestamp"].item().isoformat() == (
        "2020-01-04T22:00:00+00:00"
    )
    assert done.table["event_id"].n_unique() == 5
    for bucket in done.store.buckets():
        part = done.store.read(bucket)
        assert part.equals(part.sort(CUSTOMER_ID, TIMESTAMP, EVENT_ID))
    assert done.store.manifest()["n_customers"] == 2
    assert done.store.manifest()["events_per_type"] == {"order": 5}
    assert done.store.manifest()["first_timestamp"] == "2020-01-01T00:00:00+00:00"


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize(
    "changes", [{}, {"event_id": "id"}, {"fold_by": ["basket"]}, {"duplicates": "drop"}]
)
def test_shuffling_raw_rows_changes_no_byte_of_the_store(
    kind: str, changes: dict[str, Any], orders: Callable[..., Any]
) -> None:
    rng = random.Random(0)
    rows = [
        {
            "user": rng.choice("abcdef"),
            "at": f"2020-01-0{rng.randint(1, 3)}",
            "amount": rng.choice([None, 0.1, 0.2, 0.7]),
            "id": rng.randint(0, 40),
            "basket": rng.randint(0, 3),
        }
        for _ in range(200)
    ]
    one = orders(rows, kind=kind, **changes)
    rng.shuffle(rows)
    two = orders(rows, kind=kind, **changes)
    assert tables(one.store) == tables(two.store)
    assert one.reports == two.reports


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(damaged_row, max_size=12),
    fold_by=st.sampled_from([[], ["basket"]]),
    event_id=st.sampled_from([None, "id"]),
    duplicates=st.sampled_from(["keep", "drop"]),
)
def test_every_raw_record_is_accounted_for(
    kind: str,
    rows: list[dict[str, Any]],
    fold_by: list[str],
    event_id: str | None,
    duplicates: str,
    orders: Callable[..., Any],
) -> None:
    sound = {"user": "z", "at": "2020-01-01", "amount": "1", "id": "9", "basket": "p"}
    rows = [*rows, sound]
    where = "amount IS NULL OR amount < 2 OR amount > 3"
    done = orders(
        rows, kind=kind, fold_by=fold_by, event_id=event_id, duplicates=duplicates, where=where
    )
    report = done.report
    assert report.read == len(rows)
    assert report.read == report.kept + report.duplicate + report.quarantined + report.filtered
    assert report.events == report.kept - report.folded_away == done.table.height
    assert report.quarantined == done.refused.height
    assert done.table.filter(pl.struct(CUSTOMER_ID, EVENT_ID).is_duplicated()).is_empty()


def test_unchanged_inputs_are_not_read_again(run: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("user,at,type\na,2020-01-01,order\n")
    source = {"name": "log", "path": str(file), "customer_id": "user", "timestamp": "at"}
    source |= {"timezone": "UTC", "event_type_column": "type"}
    first = run(source, folder=tmp_path)
    mark = next(tmp_path.glob("events/parts-*")) / "mark"
    mark.touch()
    assert run(source, folder=tmp_path).reports == first.reports
    assert mark.exists()
    with file.open("a") as log:
        log.write("b,2020-01-02,visit\n")
    again = run(source, folder=tmp_path)
    assert again.report.read == 2
    assert again.store.manifest()["events_per_type"] == {"order": 1, "visit": 1}


def test_a_log_without_an_event_is_refused_with_the_commonest_reasons(
    orders: Callable[..., Any], tmp_path: Path
) -> None:
    rows = [
        {"user": "", "at": "2020-01-01", "amount": 1},
        {"user": "a", "at": "soon", "amount": 1},
        {"user": "b", "at": "late", "amount": 1},
        {"user": "c", "at": None, "amount": 1},
        {"user": "d", "at": "2020-01-01", "amount": "x"},
    ]
    with pytest.raises(DataError, match=r"no event is left \(orders: 5 read.*5 quar") as caught:
        orders(rows, folder=tmp_path)
    message = str(caught.value)
    assert "orders: 2 timestamp_unparsable, as in record 1 of orders.csv: at is soon" in message
    assert "orders: 1 customer_id_missing, as in record 0 of orders.csv: user is null" in message
    assert all(rule in message for rule in ("timestamp_missing", "attribute_not_a_number"))
    assert message.endswith(f"the refused records are in {tmp_path / 'events/refused'}.")
    assert refused_store(BucketStore(tmp_path / "events")).scan().collect().height == 5
    assert not quarantine_store(BucketStore(tmp_path / "events")).exists()


def test_a_run_that_fails_leaves_the_quarantine_of_the_run_before(
    orders: Callable[..., Any], run: Callable[..., Any], tmp_path: Path
) -> None:
    damaged = {"user": "", "at": "2020-01-01", "amount": 1}
    before = orders([*ROWS, damaged], folder=tmp_path)
    published = (before.refused, before.store.manifest())
    with pytest.raises(DataError, match=r"no event is left.*\n.*2 customer_id_missing"):
        orders([damaged, damaged], folder=tmp_path)
    people: dict[str, Any] = {
        "name": "people",
        "kind": "customers",
        "customer_id": "user",
        "path": ROWS,
    }
    people["attributes"] = {"age": {"column": "amount"}}
    with pytest.raises(DataError, match="customer a has more than one row"):
        run({**ORDERS, "path": [*ROWS, damaged, damaged]}, people, folder=tmp_path)
    assert before.refused.equals(published[0])
    assert before.store.manifest() == published[1]


@pytest.mark.parametrize("change", ["gone", "of another run"])
def test_events_without_their_quarantine_are_not_up_to_date(
    change: str, orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write([*ROWS, {"user": "", "at": "2020-01-01", "amount": 1}], tmp_path / "log.csv")
    quarantine = quarantine_store(orders(str(file), folder=tmp_path).store)
    if change == "gone":
        shutil.rmtree(quarantine.folder)
    else:
        with quarantine.publish(inputs="other") as writer:
            writer.write(0, pl.DataFrame(schema=dtypes(QUARANTINE)))
    assert orders(str(file), folder=tmp_path).refused.height == 1


def test_an_empty_file_is_refused(orders: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match=r"source orders: .*empty.csv is empty"):
        orders(str(tmp_path / "empty.csv"))


@pytest.mark.parametrize("name", ["timestamp", "event_id"])
def test_an_attribute_cannot_have_the_name_of_a_column(
    name: str, orders: Callable[..., Any]
) -> None:
    with pytest.raises(ConfigError, match=f"attribute {name} has the name of another column"):
        orders(ROWS, attributes={name: {"column": "amount"}})


def test_sources_with_other_attributes_are_one_table(run: Callable[..., Any]) -> None:
    shared = {"customer_id": "user", "timestamp": "at", "timezone": "UTC"}
    bought = {"amount": {"column": "amount"}}
    seen = {"page": {"column": "page", "type": "category"}}
    done = run(
        {**shared, "name": "o", "event_type": "order", "attributes": bought, "path": ROWS[:1]},
        {
            **shared,
            "name": "v",
            "event_type": "visit",
            "attributes": seen,
            "path": [{"user": "b", "at": "2020-01-01", "page": "home"}],
        },
    )
    assert done.table.select("event_type", "amount", "page").rows() == [
        ("visit", None, "home"),
        ("order", 2.5, None),
    ]
