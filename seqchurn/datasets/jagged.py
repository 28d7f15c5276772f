"""Sequences -> flat tensors: the events of all customers end to end, with offsets.

Nothing is padded and nothing loops over customers. What a landmark needs to know (where the wait
started, when the next order came) is worked out once, per event.

Shapes: B customers, N events of all of them, F numbers, G categories, S static attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqchurn.datasets.codebook import Codebook, Scale, codes
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, KNOWN_FROM, TIMESTAMP
from seqchurn.waits.clock import Clock

__all__ = ["Jagged", "events_before", "make_jagged"]

_ROW = "row of the customer"  # attributes may be called customer, time or grid


@dataclass(frozen=True)
class Jagged:
    """The histories of B customers as flat tensors; times are days since 1970-01-01."""

    customer_ids: pl.Series
    offsets: Tensor  # (B + 1,) int64: events of customer b are offsets[b] to offsets[b + 1]
    time: Tensor  # (N,) float64: when the event happened, not rounded
    grid: Tensor  # (N,) float64: start of the step that holds it
    event_type: Tensor  # (N,) int64 codes
    gap_days: Tensor  # (N,) float32: since the event before, 0 for the first
    quiet_days: Tensor  # (N,) float32: since the wait that the event met had started
    multiplicity: Tensor  # (N,) float32: target events of this step so far, this one included
    wait_start: Tensor  # (N,) float64: grid day of the last target, else of the first event
    next_target: Tensor  # (N,) float64: grid day of the next target event, inf if none is known
    numbers: Tensor  # (N, 2F) float32: scaled values, then 1 where missing
    categories: Tensor  # (N, G) int64 codes
    static_numbers: Tensor  # (B, 2S) float32
    static_categories: Tensor  # (B, S) int64 codes
    known_from: Tensor  # (B,) float64: static attributes are hidden before it

    @property
    def lengths(self) -> Tensor:
        """Events per customer, shape (B,)."""
        return self.offsets.diff()

    def __len__(self) -> int:
        """Number of customers."""
        return len(self.customer_ids)


def events_before(
    sequences: pl.DataFrame, cutoff: datetime, *, attributes: list[str]
) -> pl.DataFrame:
    """One row per event before the cutoff, in the order of the sequences.

    Args:
        sequences: The sequences table.
        cutoff: First instant not seen, aware.
        attributes: Event attributes to keep.
    """
    lists = [TIMESTAMP, EVENT_TYPE, *attributes]
    return (
        sequences.lazy()
        .select(*lists)
        .with_row_index(_ROW)
        .explode(lists)
        .filter(pl.col(TIMESTAMP) < cutoff)
        .collect()
    )


def make_jagged(
    sequences: pl.DataFrame,
    *,
    codebook: Codebook,
    clock: Clock,
    target: str,
    cutoff: datetime,
    max_events: int,
) -> Jagged:
    """Flat tensors of what was known before a cutoff.

    Args:
        sequences: The sequences table, at most one row a customer.
        codebook: Codes and scales.
        clock: The grid of waits.
        target: Event type that is an order.
        cutoff: First instant not seen, aware; customers without an earlier event are left out.
        max_events: Newest events kept per customer.
    """
    flat = events_before(sequences, cutoff, attributes=[*codebook.numbers, *codebook.categories])
    rows, lengths = np.unique(flat[_ROW].to_numpy(), return_counts=True)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    time = flat.select(clock.days(pl.col(TIMESTAMP))).to_series().to_numpy()
    grid = flat.select(clock.grid(pl.col(TIMESTAMP))).to_series().to_numpy()
    clocks = _wait_clocks(grid, (flat[EVENT_TYPE] == target).to_numpy(), starts)
    gap = np.diff(time, prepend=time[:1])
    gap[starts[:-1]] = 0.0
    newest = np.arange(len(time)) >= np.repeat(starts[1:] - max_events, lengths)
    customers = sequences[rows.tolist()]

    def kept(values: NDArray[np.generic], dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values[newest])).to(dtype)

    return Jagged(
        customer_ids=customers[CUSTOMER_ID],
        offsets=torch.from_numpy(np.cumsum([0, *np.minimum(lengths, max_events)])),
        time=kept(time, torch.float64),
        grid=kept(grid, torch.float64),
        event_type=kept(_codes(flat, {EVENT_TYPE: codebook.event_types})[:, 0], torch.int64),
        gap_days=kept(gap, torch.float32),
        quiet_days=kept(time - clocks.start_before, torch.float32),
        multiplicity=kept(clocks.multiplicity, torch.float32),
        wait_start=kept(clocks.start, torch.float64),
        next_target=kept(clocks.next_target, torch.float64),
        numbers=kept(_scaled(flat, codebook.numbers), torch.float32),
        categories=kept(_codes(flat, codebook.categories), torch.int64),
        static_numbers=torch.from_numpy(_scaled(customers, codebook.static_numbers)).float(),
        static_categories=torch.from_numpy(_codes(customers, codebook.static_categories)),
        known_from=torch.from_numpy(_known_from(customers, clock)),
    )


@dataclass(frozen=True)
class _WaitClocks:
    start: NDArray[np.float64]
    start_before: NDArray[np.float64]
    next_target: NDArray[np.float64]
    multiplicity: NDArray[np.int64]


def _wait_clocks(
    grid: NDArray[np.float64], is_target: NDArray[np.bool_], starts: NDArray[np.int64]
) -> _WaitClocks:
    """Start of the running wait and next target at every event, all customers at once."""
    n = len(grid)
    index = np.arange(n)
    first = np.repeat(starts[:-1], np.diff(starts))  # (N,) first event of the customer
    past_end = np.repeat(starts[1:], np.diff(starts))  # (N,) one past the customer's last event
    last_target = np.maximum.accumulate(np.where(is_target, index, -1))
    start = grid[np.maximum(last_target, first)]
    start_before = np.where(index > first, np.roll(start, 1), grid)
    following = np.minimum.accumulate(np.where(is_target, index, n)[::-1])[::-1]
    following = np.append(following[1:], n)  # first target after the event
    has_next = following < past_end
    next_target = np.where(has_next, grid[np.where(has_next, following, 0)], np.inf)

    new_step = np.append(True, (np.diff(grid) != 0) | (np.diff(first) != 0))[:n]
    step_first = np.maximum.accumulate(np.where(new_step, index, 0))
    targets_before: NDArray[np.int64] = np.cumsum(is_target) - is_target
    multiplicity: NDArray[np.int64] = targets_before + is_target - targets_before[step_first]
    return _WaitClocks(start, start_before, next_target, multiplicity)


def _codes(frame: pl.DataFrame, values: dict[str, tuple[str, ...]]) -> NDArray[np.int64]:
    """Codes of string columns, shape (rows, columns)."""
    if not values:
        return np.zeros((frame.height, 0), dtype=np.int64)
    coded = frame.select(codes(pl.col(name), known) for name, known in values.items())
    return coded.to_numpy(writable=True).astype(np.int64, copy=False)


def _scaled(frame: pl.DataFrame, scales: dict[str, Scale]) -> NDArray[np.float64]:
    """Scaled numbers (0 where missing), then flags of what is missing, shape (rows, 2 columns)."""
    if not scales:
        return np.zeros((frame.height, 0))
    numbers = frame.select(scale.apply(pl.col(name)) for name, scale in scales.items()).to_numpy()
    missing = np.isnan(numbers)
    return np.concatenate([np.where(missing, 0.0, numbers), missing], axis=1)


def _known_from(customers: pl.DataFrame, clock: Clock) -> NDArray[np.float64]:
    """Days from which static attributes may be seen; -inf without a limit."""
    if KNOWN_FROM not in customers.columns:
        return np.full(customers.height, -np.inf)
    known = customers.select(clock.days(pl.col(KNOWN_FROM)).fill_null(-np.inf))
    return known.to_series().to_numpy(writable=True)
