"""Flat tensors -> padded batches of customers of about the same length.

Batches are made by slots (customers times longest history, or times landmarks where these are
more), so that every batch costs about the same and padding stays near one percent.

Shapes: B customers, T events (padded), F numbers, G categories, S static attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from seqchurn.datasets.jagged import Jagged

__all__ = ["EventBatch", "length_batches", "pad"]


@dataclass(frozen=True)
class EventBatch:
    """The histories of B customers, padded at the end to T events."""

    time: Tensor  # (B, T) float64: days since 1970-01-01
    grid: Tensor  # (B, T) float64: start of the step, inf on padding
    event_type: Tensor  # (B, T) int64 codes
    gap_days: Tensor  # (B, T)
    quiet_days: Tensor  # (B, T)
    multiplicity: Tensor  # (B, T)
    wait_start: Tensor  # (B, T) float64
    next_target: Tensor  # (B, T) float64, inf if none is known
    numbers: Tensor  # (B, T, 2F)
    categories: Tensor  # (B, T, G) int64 codes
    static_numbers: Tensor  # (B, 2S)
    static_categories: Tensor  # (B, S) int64 codes
    known_from: Tensor  # (B,) float64

    @property
    def real(self) -> Tensor:
        """False on padding, shape (B, T)."""
        return self.grid.isfinite()

    def to(self, device: torch.device | str) -> EventBatch:
        """The same batch on another device."""
        return EventBatch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def pad(jagged: Jagged, customers: Tensor) -> EventBatch:
    """Padded histories of some customers.

    Args:
        jagged: All histories.
        customers: Rows to take, shape (B,).
    """
    starts = jagged.offsets[customers]  # (B,)
    lengths = jagged.offsets[customers + 1] - starts  # (B,)
    steps = torch.arange(int(lengths.max()))  # (T,)
    real = steps < lengths.unsqueeze(1)  # (B, T)
    index = starts.unsqueeze(1) + steps.minimum(lengths.unsqueeze(1) - 1)  # (B, T), last repeated
    return EventBatch(
        time=jagged.time[index],
        grid=jagged.grid[index].masked_fill(~real, torch.inf),
        event_type=jagged.event_type[index].masked_fill(~real, 0),
        gap_days=jagged.gap_days[index],
        quiet_days=jagged.quiet_days[index],
        multiplicity=jagged.multiplicity[index],
        wait_start=jagged.wait_start[index],
        next_target=jagged.next_target[index],
        numbers=jagged.numbers[index],
        categories=jagged.categories[index],
        static_numbers=jagged.static_numbers[customers],
        static_categories=jagged.static_categories[customers],
        known_from=jagged.known_from[customers],
    )


def length_batches(
    lengths: Tensor,
    *,
    batch_slots: int,
    landmarks: int = 1,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """Groups of customers of about the same length, each of at most `batch_slots` slots.

    Args:
        lengths: Events per customer, shape (B,).
        batch_slots: Most slots of a batch: customers times longest history, or times landmarks
            where these are more; a history longer than that makes a batch alone.
        landmarks: Landmarks per customer.
        generator: Shuffles customers of the same length, and the batches; None keeps the order
            of length.

    Returns:
        Rows of each batch.
    """
    if generator is None:
        order = torch.argsort(lengths, stable=True)
    else:
        shuffled = torch.randperm(len(lengths), generator=generator)
        order = shuffled[torch.argsort(lengths[shuffled], stable=True)]
    batches, first = [], 0
    sorted_lengths = lengths[order].clamp(min=landmarks).tolist()
    for last, length in enumerate(sorted_lengths):
        if length * (last + 1 - first) > batch_slots and last > first:
            batches.append(order[first:last])
            first = last
    if first < len(order):
        batches.append(order[first:])
    if generator is not None:
        batches = [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
    return batches
