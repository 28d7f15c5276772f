from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest
import torch

from seqchurn.datasets.batch import EventBatch, pad
from seqchurn.datasets.codebook import Attributes, Codebook, Scale
from seqchurn.datasets.facts import data_facts
from seqchurn.datasets.jagged import Jagged
from seqchurn.encoders import EncoderState, make_encoder
from seqchurn.prediction.past_orders import PastOrders, past_orders

DAY_0, ORDER = 18_262.0, 2
LOG = {
    "regular": [(1.25, "order"), (4.5, "order"), (4.75, "order"), (6.0, "view"), (9.5, "order")],
    "visitor": [(3.0, "view"), (8.5, "view")],
}


@pytest.fixture
def history(jagged_of: Callable[..., Jagged], sequences_of: Callable[..., pl.DataFrame]) -> Jagged:
    codebook = Codebook(
        event_types=("order", "view"),
        numbers={"amount": Scale(unit=1.0, center=0.0, spread=1.0)},
        categories={"shop": ("x", "y", "z")},
        static_numbers={},
        static_categories={},
    )
    amounts = [[1.0, 2.0, 3.0, None, 4.0], [None, None]]
    shops = [["x", "y", "z", None, "x"], [None, None]]
    attributes = Attributes(["amount"], ["shop"])
    log = sequences_of(LOG, amount=amounts, shop=shops)
    return jagged_of(log, 20.0, attributes=attributes, codebook=codebook)


@pytest.fixture
def past(history: Jagged) -> PastOrders:
    return past_orders(history, ORDER)


@pytest.fixture
def state(history: Jagged) -> EncoderState:
    codebook = Codebook(("order", "view"), {"a": Scale(1, 0, 1)}, {"s": ("x", "y", "z")}, {}, {})
    facts = data_facts(history, codebook, end_day=DAY_0 + 20.0, step_days=1.0)
    options = {"hidden_size": 4, "embedding_size": 2, "memories": 2, "dropout": 0.0}
    with torch.no_grad():
        return make_encoder("gru", facts, **options).state(pad(history, torch.arange(2)))


def events(past: PastOrders, state: EncoderState, uniform: float) -> EventBatch:
    """An order of both customers on day 14; the waits started on days 9 and 3."""
    day = torch.full((2,), DAY_0 + 14.0, dtype=torch.float64)
    start = torch.tensor([DAY_0 + 9.0, DAY_0 + 3.0], dtype=torch.float64)
    both, uniforms = torch.arange(2), torch.full((2,), uniform, dtype=torch.float64)
    return past.event(both, uniforms, state=state, day=day, wait_start=start)


def test_each_past_order_day_is_copied_by_its_last_order(
    history: Jagged, past: PastOrders, state: EncoderState
) -> None:
    assert past.count.tolist() == [3, 1]
    for third, row in enumerate([0, 2, 4]):  # not 1: another order follows on its day
        copy = events(past, state, (third + 0.5) / 3.0)
        assert copy.numbers[0, 0].tolist() == history.numbers[row].tolist()
        assert copy.categories[0, 0].tolist() == history.categories[row].tolist()
        assert copy.multiplicity[0, 0].item() == [1.0, 2.0, 1.0][third]
        assert copy.time[0, 0].item() == DAY_0 + 14.0 + [0.25, 0.75, 0.5][third]


def test_a_copy_knows_its_own_day(past: PastOrders, state: EncoderState) -> None:
    copy = events(past, state, 0.0001)  # at a quarter of day 14, after an event in day 9.5
    assert copy.event_type.tolist() == [[ORDER], [ORDER]]
    assert copy.grid.tolist() == [[DAY_0 + 14.0]] * 2 == copy.wait_start.tolist()
    assert copy.gap_days.tolist() == [[4.75], [6.0]]
    assert copy.quiet_days.tolist() == [[5.25], [11.5]]


def test_who_never_ordered_gets_an_average_order(past: PastOrders, state: EncoderState) -> None:
    copy = events(past, state, 0.9999)
    assert copy.numbers[1, 0].tolist() == [0.0, 0.0]  # the mean, and not missing
    assert copy.categories[1, 0].tolist() == [0]
    assert copy.multiplicity[1, 0].item() == 1.0
    assert copy.time[1, 0].item() == DAY_0 + 14.5  # when the last visit was


def test_draws_at_both_ends_stay_inside(past: PastOrders, state: EncoderState) -> None:
    assert events(past, state, 0.0).numbers[0, 0, 0] == past.numbers[0, 0]
    assert events(past, state, 1.0).numbers[0, 0, 0] == past.numbers[2, 0]


def test_orders_of_neighbours_are_not_mixed_up(history: Jagged) -> None:
    """Two customers with orders on the same day: the first one's is the last of its day too."""
    same = replace(history, event_type=torch.full_like(history.event_type, ORDER))
    same.grid[4] = same.grid[5] = DAY_0 + 9.0
    past = past_orders(same, ORDER)
    assert past.count.tolist() == [4, 2]
    assert past.first.tolist() == [0, 4]
