from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.datasets.batch import EventBatch, length_batches, pad
from seqchurn.datasets.codebook import Attributes

Make = Callable[..., Any]

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=80)


@given(
    lengths=LENGTHS,
    batch_slots=st.integers(1, 300),
    landmarks=st.integers(1, 20),
    seed=st.one_of(st.none(), st.integers(0, 9)),
)
def test_every_customer_is_in_one_batch_and_no_batch_has_too_many_slots(
    lengths: list[int], batch_slots: int, landmarks: int, seed: int | None
) -> None:
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    batches = length_batches(
        torch.tensor(lengths), batch_slots=batch_slots, landmarks=landmarks, generator=generator
    )
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    for batch in batches:
        width = max(landmarks, *(lengths[row] for row in batch.tolist()))
        assert width * len(batch) <= batch_slots or len(batch) == 1


def test_nobody_makes_no_batch() -> None:
    assert length_batches(torch.zeros(0, dtype=torch.int64), batch_slots=10) == []


def test_padding_is_a_few_percent_of_a_heavy_tailed_log() -> None:
    generator = torch.Generator().manual_seed(0)
    lengths = (20 * torch.randn(20_000, generator=generator).exp()).long() + 1
    batches = length_batches(lengths, batch_slots=8_192, generator=generator)
    slots = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    assert int(lengths.sum()) / slots > 0.95


def test_a_seed_decides_the_batches() -> None:
    lengths = torch.randint(1, 20, (200,), generator=torch.Generator().manual_seed(0))

    def batches(seed: int) -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed)
        made = length_batches(lengths, batch_slots=100, generator=generator)
        return [batch.tolist() for batch in made]

    assert batches(1) == batches(1)
    assert batches(1) != batches(2)


def test_padded_histories_hold_every_event_and_nothing_else(
    sequences_of: Make, jagged_of: Make
) -> None:
    log = {
        "a": [(0.0, "order"), (1.0, "view"), (2.5, "order")],
        "b": [(2.0, "view")],
        "c": [(1.0, "view"), (1.5, "order")],
    }
    sequences = sequences_of(
        log,
        amount=[[1.0, 2.0, None], [4.0], [5.0, 6.0]],
        shop=[["x", "y", None], ["x"], ["y", "y"]],
        age=[30, None, 50],
        town=["u", "v", None],
    )
    attributes = Attributes(["amount"], ["shop"], ["age"], ["town"])
    jagged = jagged_of(sequences, 4.0, attributes=attributes)
    rows = torch.tensor([2, 0])
    batch = pad(jagged, rows)
    assert batch.real.tolist() == [[True, True, False], [True, True, True]]
    assert (batch.grid[~batch.real] == math.inf).all()
    assert (batch.event_type[~batch.real] == 0).all()
    taken = torch.cat([torch.arange(jagged.offsets[r], jagged.offsets[r + 1]) for r in rows])
    for field in fields(EventBatch):
        padded = getattr(batch, field.name)
        if field.name in ("static_numbers", "static_categories", "known_from"):
            assert torch.equal(padded, getattr(jagged, field.name)[rows])
        elif field.name != "real":
            assert torch.equal(padded[batch.real], getattr(jagged, field.name)[taken])
            assert not padded.is_floating_point() or not padded.isnan().any()
    moved = batch.to("cpu")
    assert all(torch.equal(getattr(moved, f.name), getattr(batch, f.name)) for f in fields(batch))
