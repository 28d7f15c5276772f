from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.waits import Clock, histories, known_before, next_order_day

Sequences = Callable[..., pl.DataFrame]

LOG = {
    "often": [(0.0, "order"), (0.4, "order"), (0.9, "view"), (3.0, "order"), (8.5, "order")],
    "never": [(2.2, "view"), (7.0, "view")],
    "later": [(1.5, "view"), (5.0, "order"), (5.999, "order")],
    "new": [(6.1, "order")],
}


def relative(table: pl.DataFrame, day: float) -> dict[str, tuple[float, list[float]]]:
    rows = table.rows()
    return {c: (first - day, [order - day for order in orders]) for c, first, orders in rows}


def test_orders_in_one_step_are_one_and_views_are_none(
    sequences_of: Sequences, start: datetime
) -> None:
    clock = Clock(1.0)
    found = histories(sequences_of(LOG), clock=clock, target="order")
    assert relative(found, clock.at(start)) == {
        "often": (0.0, [0.0, 3.0, 8.0]),
        "never": (2.0, []),
        "later": (1.0, [5.0]),
        "new": (6.0, [6.0]),
    }


def test_an_order_on_the_cutoff_is_not_known_but_is_the_next(
    sequences_of: Sequences, start: datetime
) -> None:
    clock = Clock(1.0)
    day = clock.at(start)
    table = histories(sequences_of(LOG), clock=clock, target="order")
    assert relative(known_before(table, day + 5.0), day) == {
        "often": (0.0, [0.0, 3.0]),
        "never": (2.0, []),
        "later": (1.0, []),
    }
    assert next_order_day(table, day + 5.0).to_list() == [day + 8.0, None, day + 5.0]
    assert next_order_day(table, day + 6.0).to_list() == [day + 8.0, None, None]
    assert known_before(table, day).is_empty()


def test_a_finer_grid_tells_orders_of_one_day_apart(
    sequences_of: Sequences, start: datetime
) -> None:
    clock = Clock(1 / 24)
    found = histories(sequences_of(LOG), clock=clock, target="order")
    days = [start + timedelta(hours=hours) for hours in (0, 9, 72, 204)]
    assert found["order_days"][0].to_list() == [clock.at(day) for day in days]


def test_events_are_told_only_if_asked_for_with_the_numbers_of_orders(
    sequences_of: Sequences, start: datetime
) -> None:
    clock = Clock(1.0)
    log = {"a": LOG["later"], "b": LOG["never"]}
    sequences = sequences_of(log, amount=[[1.0, 2.0, 3.0], [None, 5.0]])
    ask = {"clock": clock, "target": "order"}
    assert "events" not in histories(sequences, **ask).columns
    bare = histories(sequences, numbers=[], **ask)["events"][0].struct.fields
    assert bare == ["day", "event_type"]
    found = known_before(histories(sequences, numbers=["amount"], **ask), clock.at(start) + 6.0)
    days = [clock.at(start) + day for day in (1.0, 5.0, 5.0)]
    assert found["events"].to_list() == [
        [
            {"day": days[0], "event_type": "view", "numbers": {"amount": None}},
            {"day": days[1], "event_type": "order", "numbers": {"amount": 2.0}},
            {"day": days[2], "event_type": "order", "numbers": {"amount": 3.0}},
        ],
        [{"day": clock.at(start) + 2.0, "event_type": "view", "numbers": {"amount": None}}],
    ]


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.lists(
            st.tuples(st.integers(0, 40).map(lambda n: n / 4), st.sampled_from(["order", "view"])),
            min_size=1,
            max_size=12,
        ).map(sorted),
        min_size=1,
    ),
    st.integers(0, 10),
)
def test_what_was_known_is_what_a_log_that_ends_at_the_cutoff_tells(
    sequences_of: Sequences, start: datetime, log: dict[str, list[tuple[float, str]]], cutoff: int
) -> None:
    clock = Clock(1.0)
    cut = {c: [event for event in events if event[0] < cutoff] for c, events in log.items()}
    cut = {c: events for c, events in cut.items() if events}
    whole = histories(sequences_of(log), clock=clock, target="order", numbers=[])
    known = known_before(whole, clock.at(start) + cutoff)
    assert known.equals(histories(sequences_of(cut), clock=clock, target="order", numbers=[]))
    plain = histories(sequences_of(log), clock=clock, target="order")
    assert known_before(plain, clock.at(start) + cutoff).equals(known.drop("events"))
    following = next_order_day(whole, clock.at(start) + cutoff).to_list()
    for customer, day in zip(known["customer_id"], following, strict=True):
        later = [int(t) for t, kind in log[customer] if kind == "order" and t >= cutoff]
        assert day == (clock.at(start) + later[0] if later else None)
