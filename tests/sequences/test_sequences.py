from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.errors import DataError
from seqchurn.schema import EVENTS, dtypes
from seqchurn.sequences import build_sequences, build_store
from seqchurn.sequences import store as store_module
from seqchurn.sequences.build import fold_events
from seqchurn.storage import BucketStore
from seqchurn.storage import writer as writer_module

START = datetime(2020, 1, 1, tzinfo=UTC)

Events = list[tuple[str, int, str, str, float | None]]


def table(rows: Events) -> pl.DataFrame:
    """Events of (customer, day, type, id, amount), and a town per customer."""
    return pl.DataFrame(
        [(c, START + timedelta(days=day), *rest, c.upper()) for c, day, *rest in rows],
        schema={**dtypes(EVENTS), "amount": pl.Float32, "town": pl.String},
        orient="row",
    )


EVENTS_OF_TWO = table(
    [
        ("b", 3, "order", "1", 1.0),
        ("a", 2, "visit", "3", None),
        ("a", 2, "order", "2", 5.0),
        ("a", 1, "order", "9", 7.0),
    ]
)


def test_each_customer_is_one_row_with_aligned_lists() -> None:
    found = build_sequences(EVENTS_OF_TWO, attributes=["amount"], static=["town"])
    one, two = START + timedelta(days=1), START + timedelta(days=2)
    assert found.to_dicts() == [
        {
            "customer_id": "a",
            "timestamp": [one, two, two],
            "event_type": ["order", "order", "visit"],
            "amount": [7.0, 5.0, None],
            "town": "A",
        },
        {
            "customer_id": "b",
            "timestamp": [START + timedelta(days=3)],
            "event_type": ["order"],
            "amount": [1.0],
            "town": "B",
        },
    ]
    assert found.schema["timestamp"] == pl.List(pl.Datetime("us", "UTC"))
    assert found.schema["amount"] == pl.List(pl.Float32)


def test_known_from_comes_along_where_there_is_one() -> None:
    events = EVENTS_OF_TWO.with_columns(known_from=pl.lit(START))
    assert build_sequences(events, attributes=[], static=[]).columns == [
        *["customer_id", "timestamp", "event_type", "known_from"]
    ]


rows = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.sampled_from(["order", "visit"]),
        st.uuids().map(str),
        st.one_of(st.none(), st.floats(-1e3, 1e3, width=32)),
    ),
    max_size=20,
)


@given(rows=rows)
def test_exploding_sequences_gives_the_events_back(rows: Events) -> None:
    events = table(rows)
    lists = ["timestamp", "event_type", "amount"]
    sequences = build_sequences(events, attributes=["amount"], static=["town"])
    back = sequences.explode(lists).select("customer_id", *lists, "town")
    expected = events.sort("customer_id", "timestamp", "event_id").drop("event_id")
    assert back.equals(expected.select(back.columns))
    shuffled = events.sample(fraction=1, shuffle=True, seed=1)
    assert sequences.equals(build_sequences(shuffled, attributes=["amount"], static=["town"]))


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (EVENTS_OF_TWO.drop("event_id"), "no column event_id; found customer_id"),
        (EVENTS_OF_TWO.drop("amount"), "no column amount;.*or run seqchurn prepare"),
        (
            EVENTS_OF_TWO.with_columns(pl.col("timestamp").dt.replace_time_zone(None)),
            "column timestamp of the events is Datetime.*without a zone",
        ),
        (
            EVENTS_OF_TWO.with_columns(customer_id=1),
            "column customer_id of the events is Int32; expected String",
        ),
    ],
)
def test_a_table_that_is_no_events_table_is_refused(events: pl.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        build_sequences(events, attributes=["amount"], static=[])


def publish(store: BucketStore, events: pl.DataFrame) -> None:
    facts = {"n_customers": 2, "n_events": 4, "first_timestamp": "x", "last_timestamp": "y"}
    with store.publish(**facts) as writer:
        for bucket, customer in enumerate(("a", "b")):
            writer.write(bucket, events.filter(customer_id=customer))


def test_the_store_is_built_bucket_by_bucket_and_only_when_events_change(tmp_path: Path) -> None:
    events, sequences = BucketStore(tmp_path / "events"), BucketStore(tmp_path / "sequences")
    publish(events, EVENTS_OF_TWO)
    build_store(events, sequences, attributes=["amount"], static=[])
    assert sequences.read(0)["customer_id"].to_list() == ["a"]
    assert sequences.manifest()["events_digest"] == events.manifest()["digest"]
    assert sequences.manifest()["n_customers"] == 2

    mark = next(sequences.folder.glob("parts-*")) / "mark"
    mark.touch()
    build_store(events, sequences, attributes=["amount"], static=[])
    assert mark.exists()
    build_store(events, sequences, attributes=["amount"], static=["town"])
    assert "town" in sequences.read(0).columns
    publish(events, EVENTS_OF_TWO.with_columns(town=pl.lit("new")))
    build_store(events, sequences, attributes=["amount"], static=["town"])
    assert sequences.read(1)["town"].to_list() == ["new"]


def test_without_events_there_are_no_sequences(tmp_path: Path) -> None:
    store = BucketStore(tmp_path / "events")
    with pytest.raises(DataError, match="Run seqchurn prepare"):
        build_store(store, BucketStore(tmp_path / "sequences"), attributes=[], static=[])


def test_the_sequences_are_of_one_events_table_though_it_is_replaced_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, sequences = BucketStore(tmp_path / "events"), BucketStore(tmp_path / "sequences")
    publish(events, EVENTS_OF_TWO)
    digest = events.manifest()["digest"]

    def replace_after_the_first_bucket(*args: Any, **kwargs: Any) -> pl.DataFrame:
        if events.manifest()["digest"] == digest:
            publish(events, EVENTS_OF_TWO.with_columns(town=pl.lit("new")))
        return fold_events(*args, **kwargs)

    monkeypatch.setattr(writer_module, "_AT_ONCE", 1)  # the second bucket is read after that
    monkeypatch.setattr(store_module, "fold_events", replace_after_the_first_bucket)
    build_store(events, sequences, attributes=["amount"], static=["town"])
    assert sequences.manifest()["events_digest"] == digest
    assert sequences.scan().collect()["town"].to_list() == ["A", "B"]


def test_events_in_another_order_than_their_table_are_refused() -> None:
    with pytest.raises(DataError, match="not in the order of their table, by customer. Run"):
        fold_events(EVENTS_OF_TWO, attributes=["amount"], static=["town"])
