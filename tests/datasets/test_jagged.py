from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.datasets.codebook import MISSING, UNKNOWN, Attributes, Codebook
from seqchurn.datasets.jagged import Jagged

Log = dict[str, list[tuple[float, str]]]
Make = Callable[..., Any]

FIRST_DAY = 18_262.0  # the start of the logs, 2020-01-01


def same(one: Jagged, other: Jagged) -> bool:
    """Whether two histories are equal to the bit."""
    tensors = [f.name for f in fields(Jagged) if f.name != "customer_ids"]
    return one.customer_ids.equals(other.customer_ids) and all(
        torch.equal(getattr(one, name), getattr(other, name)) for name in tensors
    )


def reference(events: list[tuple[float, str]], steps_a_day: int) -> list[tuple[float, ...]]:
    """Wait start, next target, multiplicity, gap and quiet days of each event, one by one."""
    step = [math.floor(day * steps_a_day) for day, _ in events]
    orders = [i for i, (_, kind) in enumerate(events) if kind == "order"]

    def start_at(i: int) -> int:
        before = [step[j] for j in orders if j <= i]
        return before[-1] if before else step[0]

    rows = []
    for i, (day, _) in enumerate(events):
        after = [step[j] for j in orders if j > i]
        rows.append(
            (
                start_at(i) / steps_a_day,
                after[0] / steps_a_day if after else math.inf,
                len([j for j in orders if j <= i and step[j] == step[i]]),
                day - events[i - 1][0] if i else 0.0,
                day - start_at(max(i - 1, 0)) / steps_a_day,
            )
        )
    return rows


@given(data=st.data(), steps_a_day=st.sampled_from([1, 24]), max_events=st.integers(1, 15))
def test_histories_are_those_of_a_plain_loop(
    data: st.DataObject,
    steps_a_day: int,
    max_events: int,
    logs: st.SearchStrategy[Log],
    sequences_of: Make,
    jagged_of: Make,
    histories_of: Make,
) -> None:
    log, end = data.draw(logs), data.draw(st.integers(0, 9))
    jagged = jagged_of(sequences_of(log), end, step_days=1 / steps_a_day, max_events=max_events)
    known = {c: [e for e in events if e[0] < end] for c, events in log.items()}
    expected = {
        customer: reference(events, steps_a_day)[-max_events:]
        for customer, events in known.items()
        if events
    }
    found = histories_of(
        jagged, "wait_start", "next_target", "multiplicity", "gap_days", "quiet_days"
    )
    assert list(found) == list(expected)
    for customer, rows in expected.items():
        relative = [(s - FIRST_DAY, n - FIRST_DAY, m, g, q) for s, n, m, g, q in found[customer]]
        assert relative == [pytest.approx(row, abs=1e-5) for row in rows]
        assert [m for _, _, m, _, _ in relative] == [m for _, _, m, _, _ in rows]


def test_a_history_by_hand(sequences_of: Make, jagged_of: Make, histories_of: Make) -> None:
    log = {
        "a": [(0.5, "view"), (2.25, "order"), (2.5, "view"), (2.75, "order"), (4.0, "view")],
        "b": [(9.0, "order")],
        "c": [(3.0, "view")],
        "d": [(4.0, "order"), (4.875, "view"), (5.0, "order")],
    }
    found = histories_of(
        jagged_of(sequences_of(log), 5.0),
        *["time", "grid", "gap_days", "quiet_days", "multiplicity", "wait_start", "next_target"],
    )
    d, never = FIRST_DAY, math.inf
    assert found == {
        "a": [
            (d + 0.5, d, 0.0, 0.5, 0, d, d + 2),
            (d + 2.25, d + 2, 1.75, 2.25, 1, d + 2, d + 2),  # the wait ran from the first event
            (d + 2.5, d + 2, 0.25, 0.5, 1, d + 2, d + 2),
            (d + 2.75, d + 2, 0.25, 0.75, 2, d + 2, never),  # the second order of the day
            (d + 4.0, d + 4, 1.25, 2.0, 0, d + 2, never),
        ],
        "c": [(d + 3.0, d + 3, 0.0, 0.0, 0, d + 3, never)],
        "d": [
            (d + 4.0, d + 4, 0.0, 0.0, 1, d + 4, never),
            (d + 4.875, d + 4, 0.875, 0.875, 1, d + 4, never),
        ],
    }


@given(data=st.data(), end=st.integers(1, 8), random=st.randoms())
def test_what_happens_at_or_after_the_cutoff_changes_nothing(
    data: st.DataObject,
    end: int,
    random: Random,
    logs: st.SearchStrategy[Log],
    sequences_of: Make,
    jagged_of: Make,
) -> None:
    log = data.draw(logs)
    known = {c: [e for e in events if e[0] < end] for c, events in log.items()}
    known = {c: events for c, events in known.items() if events}
    times = data.draw(st.lists(st.integers(0, 20), max_size=5).map(sorted))
    other = {
        c: [*events, *((end + t / 4, random.choice(["order", "new type"])) for t in times)]
        for c, events in {**known, "stranger": []}.items()
    }
    other = {c: events for c, events in other.items() if events}
    attribute = Attributes(numbers=["amount"], categories=["shop"])

    def jagged(log: Log) -> Jagged:
        amounts = [[day * (1 if day < end else random.random()) for day, _ in log[c]] for c in log]
        shops = [
            [str(int(day)) if day < end else random.choice("xyz") for day, _ in log[c]] for c in log
        ]
        return jagged_of(sequences_of(log, amount=amounts, shop=shops), end, attributes=attribute)

    if not known:
        assert len(jagged(log)) == 0
        return
    assert same(jagged(known), jagged(log))
    assert same(jagged(known), jagged(other))


def test_customers_without_an_event_before_the_cutoff_are_left_out(
    sequences_of: Make, jagged_of: Make
) -> None:
    sequences = sequences_of(
        {"late": [(3.0, "order")], "early": [(1.0, "view")], "on": [(2.0, "order")]}
    )
    jagged = jagged_of(sequences, 2.0)
    assert jagged.customer_ids.to_list() == ["early"]
    assert len(jagged) == 1
    assert jagged.lengths.tolist() == [1]
    empty = jagged_of(sequences, 0.0)
    assert len(empty) == 0
    assert empty.offsets.tolist() == [0]


def test_only_the_newest_events_are_kept_and_their_waits_stay_right(
    sequences_of: Make, jagged_of: Make, histories_of: Make
) -> None:
    log = {"a": [(0.0, "order"), (1.0, "view"), (3.0, "view"), (6.0, "view")], "b": [(5.0, "view")]}
    jagged = jagged_of(sequences_of(log), 8.0, max_events=2)
    found = histories_of(jagged, "time", "gap_days", "quiet_days", "wait_start")
    d = FIRST_DAY
    assert found == {
        "a": [(d + 3, 2.0, 3.0, d), (d + 6, 3.0, 6.0, d)],
        "b": [(d + 5, 0.0, 0.0, d + 5)],
    }


NAMES = ["amount", "time", "grid", "customer", "count", "value", "literal", "len"]


@pytest.mark.parametrize("name", NAMES)
def test_attributes_of_any_name_are_read(name: str, sequences_of: Make, jagged_of: Make) -> None:
    log = {"a": [(0.0, "order"), (1.0, "view")], "b": [(0.5, "view")]}
    numbers = jagged_of(
        sequences_of(log, **{name: [[1.0, None], [100.0]]}), 2.0, attributes=Attributes([name])
    ).numbers
    assert numbers[:, 1].tolist() == [0.0, 1.0, 0.0]  # 1 where missing
    assert numbers[:, 0].tolist() == pytest.approx([-(0.5**0.5), 0.0, 0.5**0.5])  # unit spread
    jagged = jagged_of(
        sequences_of(log, **{name: [["x", None], ["y"]], "town": ["x", None]}),
        2.0,
        attributes=Attributes(categories=[name], static_categories=["town"]),
    )
    assert jagged.categories.flatten().tolist() == [2, MISSING, 3]
    assert jagged.static_categories.flatten().tolist() == [2, MISSING]


def test_values_never_seen_in_training_have_a_code_of_their_own(
    sequences_of: Make, jagged_of: Make
) -> None:
    codebook = Codebook(
        event_types=("order",),
        numbers={},
        categories={"shop": ("x", "z"), "empty": ()},
        static_numbers={},
        static_categories={"town": ("here",)},
    )
    sequences = sequences_of(
        {"a": [(0.0, "order"), (1.0, "visit"), (1.5, "order")], "b": [(0.0, "order")]},
        shop=[["z", "new", None], ["x"]],
        empty=[["any", None, None], [None]],
        town=["elsewhere", None],
    )
    jagged = jagged_of(sequences, 2.0, codebook=codebook)
    assert jagged.event_type.tolist() == [2, UNKNOWN, 2, 2]
    assert jagged.categories[:, 0].tolist() == [3, UNKNOWN, MISSING, 2]
    assert jagged.categories[:, 1].tolist() == [UNKNOWN, MISSING, MISSING, MISSING]
    assert jagged.static_categories[:, 0].tolist() == [UNKNOWN, MISSING]


def test_static_attributes_are_known_from_the_moment_the_table_says(
    sequences_of: Make, jagged_of: Make, start: datetime
) -> None:
    log = {"a": [(0.0, "order")], "b": [(0.0, "view")]}
    known_from = pl.Series([start + timedelta(days=1.5), None], dtype=pl.Datetime("us", "UTC"))
    plain = sequences_of(log, age=[30, None])
    attributes = Attributes(static_numbers=["age"])
    jagged = jagged_of(plain.with_columns(known_from=known_from), 2.0, attributes=attributes)
    assert jagged.known_from.tolist() == [FIRST_DAY + 1.5, -math.inf]
    assert jagged.static_numbers[:, 1].tolist() == [0.0, 1.0]
    always = jagged_of(plain, 2.0, attributes=attributes)
    assert always.known_from.tolist() == [-math.inf, -math.inf]
    assert same(replace(jagged, known_from=always.known_from), always)


def test_tensors_may_be_written_to(sequences_of: Make, jagged_of: Make, start: datetime) -> None:
    sequences = sequences_of({"a": [(0.0, "order")]}, town=["x"]).with_columns(known_from=start)
    jagged = jagged_of(sequences, 2.0, attributes=Attributes(static_categories=["town"]))
    for field in fields(Jagged):
        if field.name != "customer_ids":
            assert getattr(jagged, field.name).numpy().flags.writeable
