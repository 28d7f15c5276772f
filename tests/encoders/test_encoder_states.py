"""Laws of what encoders carry: reading event by event is reading the whole."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor

from seqchurn.datasets.batch import EventBatch, pad
from seqchurn.datasets.jagged import Jagged
from seqchurn.datasets.landmarks import place
from seqchurn.encoders import EncoderState, RecurrentEncoder

pytestmark = pytest.mark.usefixtures("one_thread")

LAST_DAY = 18_262.0 + 60.0
OF_CUSTOMERS = ("static_numbers", "static_categories", "known_from")


def whole(encoder: RecurrentEncoder, events: EventBatch, day: float) -> Tensor:
    """Context of the forward pass at a day, shape (B, C)."""
    days = torch.full((len(events.time), 1), day, dtype=torch.float64)
    real = torch.ones_like(days, dtype=torch.bool)
    grid = events.grid.contiguous()
    landmarks = place(days, real, grid=grid, wait_start=events.wait_start, step_days=1.0)
    found: Tensor = encoder(events, landmarks)[:, 0]
    return found


def read(encoder: RecurrentEncoder, state: EncoderState, events: EventBatch, day: float) -> Tensor:
    """Context of a state that has seen all the events, shape (B, C)."""
    last = events.real.sum(dim=1, keepdim=True) - 1
    start = events.wait_start.gather(1, last)[:, 0]
    return encoder.read(state, torch.full_like(start, day), start)


def columns(events: EventBatch, which: slice) -> EventBatch:
    """Some of the events of every customer."""
    names = [f.name for f in fields(events) if f.name not in OF_CUSTOMERS]
    return replace(events, **{name: getattr(events, name)[:, which] for name in names})


def batch(history: Jagged, rows: list[int]) -> EventBatch:
    return pad(history, torch.tensor(rows))


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("days_later", [0.0, 1.0, 400.0])
def test_a_state_is_read_as_the_whole_history_is(
    days_later: float, encoder: RecurrentEncoder, history: Jagged
) -> None:
    events, day = batch(history, list(range(len(history)))), LAST_DAY + days_later
    with torch.no_grad():
        assert len(events.real.sum(dim=1).unique()) > 5
        found = read(encoder, encoder.state(events), events, day)
        assert found.shape == (len(history), encoder.size)
        assert_close(found, whole(encoder, events, day))


@pytest.mark.parametrize("known", [1, 2, 9])
def test_stepwise_equals_whole(known: int, encoder: RecurrentEncoder, history: Jagged) -> None:
    """Some events at once and the others one by one: the context after each is that of all."""
    rows = torch.nonzero(history.lengths >= 12).flatten().tolist()
    assert len(rows) > 5
    events = columns(batch(history, rows), slice(0, 12))
    with torch.no_grad():
        state = encoder.state(columns(events, slice(0, known)))
        for n in range(known, 12):
            state = encoder.step(state, columns(events, slice(n, n + 1)))
            part = columns(events, slice(0, n + 1))
            assert_close(read(encoder, state, part, LAST_DAY), whole(encoder, part, LAST_DAY))


def test_padding_and_the_order_of_customers_change_no_state(
    encoder: RecurrentEncoder, history: Jagged
) -> None:
    rows = list(range(len(history)))
    with torch.no_grad():
        together = encoder.state(batch(history, rows))
        alone = EncoderState.joined([encoder.state(batch(history, [row])) for row in rows])
        backwards = encoder.state(batch(history, rows[::-1])).take(torch.tensor(rows[::-1]))
    for other in (alone, backwards):
        for found, expected in zip(_tensors(other), _tensors(together), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_in_batches_of_one_size_a_state_does_not_depend_on_its_company(
    encoder: RecurrentEncoder, history: Jagged
) -> None:
    """To the bit: published scores rest on it."""
    with torch.no_grad():
        one = encoder.state(batch(history, [3, *range(15)]))
        other = encoder.state(batch(history, [*range(14, 29), 3]))
    for found, expected in zip(_tensors(other), _tensors(one), strict=True):
        assert torch.equal(found[-1], expected[0])


def _tensors(state: EncoderState) -> list[Tensor]:
    others = [getattr(state, f.name) for f in fields(state) if f.name != "hidden"]
    return [*state.hidden, *others]
