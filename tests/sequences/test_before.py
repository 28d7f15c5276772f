from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from seqchurn.sequences import build_sequences, sequences_before

START = datetime(2024, 1, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def events(**known_from: float) -> pl.DataFrame:
    """Three customers on days 0, 5 and 9, the last of them on day 9 only."""
    rows = [("a", 0, 1.0), ("a", 5, 2.0), ("a", 9, 3.0), ("b", 5, 4.0), ("c", 9, 5.0)]
    return pl.DataFrame(
        {
            "customer_id": [who for who, _, _ in rows],
            "timestamp": [at(day) for _, day, _ in rows],
            "event_type": ["order" if day != 9 else "visit" for _, day, _ in rows],
            "event_id": [str(i) for i in range(len(rows))],
            "amount": [amount for _, _, amount in rows],
            "age": [{"a": 30, "b": 40, "c": 50}[who] for who, _, _ in rows],
            "known_from": [at(known_from[who]) if who in known_from else None for who, *_ in rows],
        },
        schema_overrides={"timestamp": INSTANT, "known_from": INSTANT},
    )


def built(log: pl.DataFrame) -> pl.DataFrame:
    return build_sequences(log, attributes=["amount"], static=["age"])


@pytest.mark.parametrize("day", [-1, 0, 0.5, 5, 9, 10])
def test_a_cut_is_what_would_be_built_of_the_earlier_events(day: float) -> None:
    earlier = events().filter(pl.col("timestamp") < at(day))
    assert sequences_before(built(events()), at(day)).equals(built(earlier))


def test_static_attributes_go_with_the_moment_from_which_they_were_known() -> None:
    sequences = built(events(a=4, b=5))
    cut = sequences_before(sequences, at(6))
    assert cut.select("customer_id", "age").rows() == [("a", 30), ("b", 40)]
    assert sequences_before(sequences, at(5.0)).rows(named=True)[0]["age"] == 30
    cut = sequences_before(built(events(a=6, b=5)), at(6))
    assert cut.select("customer_id", "age").rows() == [("a", None), ("b", 40)]


def test_sequences_without_known_from_keep_their_static_attributes() -> None:
    sequences = built(events().drop("known_from"))
    assert sequences_before(sequences, at(1)).select("customer_id", "age").rows() == [("a", 30)]
