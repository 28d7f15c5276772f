from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from seqchurn.inspection.counting import (
    added,
    month_counts,
    order_counts,
    order_days,
    tie_counts,
    type_counts,
)
from seqchurn.waits import Clock

START = datetime(2020, 1, 31, tzinfo=UTC)
CLOCK = Clock(1.0)


def events(rows: list[tuple[str, float, str]]) -> pl.LazyFrame:
    """Events of (customer, day since the last of January 2020, type)."""
    stamped = [(who, START + timedelta(days=day), kind) for who, day, kind in rows]
    schema = {
        "customer_id": pl.String,
        "timestamp": pl.Datetime("us", "UTC"),
        "event_type": pl.String,
    }
    return pl.LazyFrame(stamped, schema=schema, orient="row")


LOG = [
    ("a", 0.0, "order"),
    ("a", 0.5, "order"),
    ("a", 0.5, "view"),
    ("a", 0.97, "order"),
    ("a", 3.0, "order"),
    ("b", 1.0, "view"),
    ("b", 1.0, "view"),
    ("c", 2.0, "order"),
]


def test_types_are_counted_with_their_customers_and_span() -> None:
    assert type_counts(events(LOG)).sort("event_type").collect().rows() == [
        ("order", 5, 2, START, START + timedelta(days=3)),
        ("view", 3, 2, START + timedelta(days=0.5), START + timedelta(days=1)),
    ]


def test_months_are_those_of_the_zone() -> None:
    log = events([("a", 0.97, "order"), ("a", 1.5, "order")])  # 23:16 of January in UTC
    january, february = date(2020, 1, 1), date(2020, 2, 1)
    found = month_counts(log, "UTC").sort("month").collect()
    assert found.rows() == [(january, "order", 1), (february, "order", 1)]
    assert month_counts(log, "Europe/Berlin").collect().rows() == [(february, "order", 2)]


def test_orders_of_one_step_count_once() -> None:
    days = order_days(events(LOG), clock=CLOCK, target="order")
    first = CLOCK.at(START)
    assert days.collect().rows() == [("a", first, 3), ("a", first + 3, 1), ("c", first + 2, 1)]
    counts = order_counts(days, 3).collect()  # b never ordered, c once, a on two days
    assert sorted(counts.rows()) == [(0, 1), (1, 1), (2, 1)]


def test_customers_fall_into_classes_by_their_orders() -> None:
    log = [(f"c{n}", float(day), "order") for n in (1, 2, 3, 5, 6, 10, 11, 40) for day in range(n)]
    days = order_days(events(log), clock=CLOCK, target="order")
    found = order_counts(days, 8).sort("orders").collect()
    assert found.rows() == [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]


def test_ties_are_instants_with_any_events_and_steps_with_orders() -> None:
    days = order_days(events(LOG), clock=CLOCK, target="order")
    found = tie_counts(events(LOG), days).sort("tie").collect()
    assert found.rows() == [("instant", 2, 4), ("step", 1, 3)]


kinds = st.sampled_from(["order", "view"])
logs = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 90), kinds), min_size=2)


@given(log=logs, left=st.sets(st.sampled_from("abcd")))
def test_counts_of_parts_with_whole_customers_add_up_to_those_of_the_log(
    log: list[tuple[str, float, str]], left: set[str]
) -> None:
    parts = [[row for row in log if (row[0] in left) == side] for side in (True, False)]
    counters = [
        (type_counts, ["event_type"]),
        (lambda rows: month_counts(rows, "UTC"), ["month", "event_type"]),
        (lambda rows: tie_counts(rows, order_days(rows, clock=CLOCK, target="order")), ["tie"]),
    ]
    for count, keys in counters:
        of_parts = [count(events(part)).collect() for part in parts]
        whole = added([count(events(log)).collect()], keys)
        assert_frame_equal(added(of_parts, keys), whole)
        assert_frame_equal(added([added(of_parts[:1], keys), of_parts[1]], keys), whole)
