"""A fitted model and sequences -> what is carried of every customer at a moment.

The network is asked in blocks of fixed sizes, the last of them filled up: matrix products of
different sizes round differently, and the last bits of a score would depend on who else is scored.
(With layers of fewer than 16 outputs they still do: such products round a row by its place.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
import torch
from torch import Tensor

from seqchurn.datasets.batch import pad
from seqchurn.datasets.codebook import codes
from seqchurn.datasets.jagged import Jagged
from seqchurn.encoders import EncoderState
from seqchurn.prediction.past_orders import PastOrders, past_orders
from seqchurn.prediction.running_waits import RunningWaits, known_at
from seqchurn.training.fitted_model import FittedModel
from seqchurn.training.wait_model import WaitModel

__all__ = ["Carried", "carry", "fixed_blocks"]

BLOCK = 512
"""Rows that the network is given at once, but for histories."""

_HISTORIES = {64: 128, 32: 256, 16: math.inf}
"""Histories at once, to the most events of each: few enough to be of about one length in small
buckets, too. How many depends on the own length of a history alone."""


@dataclass(frozen=True)
class Carried:
    """B customers at a moment, each ready to go on by any of the networks."""

    customer_ids: pl.Series
    states: tuple[EncoderState, ...]
    """Of each network of the model."""
    wait_start: Tensor
    """Grid day of the last order, else of the first event, shape (B,), float64."""
    past: PastOrders
    as_of_day: float
    model: FittedModel

    def waits(self, rows: Tensor) -> RunningWaits:
        """The running waits of some customers, in the order of `rows` (B,)."""
        start = self.wait_start[rows]
        day = torch.full_like(start, self.as_of_day)
        waits = [
            network.waits(network.encoder.read(state.take(rows), day, start), start)
            for network, state in zip(self.model.networks, self.states, strict=True)
        ]
        ids = self.customer_ids.gather(rows.tolist())
        return RunningWaits.of(ids, waits, start, self.as_of_day, self.model.clock.step_days)

    def by_network(self) -> Iterator[Carried]:
        """The same customers, as each network alone sees them."""
        for network, state in zip(self.model.networks, self.states, strict=True):
            yield replace(self, model=replace(self.model, networks=(network,)), states=(state,))


@torch.inference_mode()
def carry(model: FittedModel, sequences: pl.DataFrame, as_of: datetime) -> Carried:
    """Read the histories of all customers with an event before a moment.

    Args:
        model: The fitted model.
        sequences: The sequences table; later events are not looked at.
        as_of: First instant not seen, aware; the start of a step.

    Raises:
        ConfigError: If `as_of` lies inside a step of the grid.
    """
    jagged = known_at(model, sequences, as_of)
    as_of_day = model.clock.at(as_of)
    unknown = jagged.known_from >= as_of_day  # nor is it known on the days that are drawn
    jagged = replace(jagged, known_from=jagged.known_from.masked_fill(unknown, torch.inf))
    order_code = pl.select(codes(pl.lit(model.target), model.codebook.event_types)).item()
    return Carried(
        customer_ids=jagged.customer_ids,
        states=tuple(_states(network, jagged) for network in model.networks),
        wait_start=jagged.wait_start[jagged.offsets[1:] - 1],
        past=past_orders(jagged, order_code),
        as_of_day=as_of_day,
        model=model,
    )


def fixed_blocks(rows: Tensor, size: int = BLOCK) -> Iterator[tuple[Tensor, int]]:
    """Blocks of one size of some rows, and how many of each block count: the rest repeats the last.

    >>> [(len(block), count) for block, count in fixed_blocks(torch.arange(600))]
    [(512, 512), (512, 88)]
    """
    for block in torch.split(rows, size) if len(rows) else ():
        yield torch.cat([block, block[-1:].expand(size - len(block))]), len(block)


def _states(network: WaitModel, jagged: Jagged) -> EncoderState:
    by_length = torch.argsort(jagged.lengths, stable=True)
    states = [
        network.encoder.state(pad(jagged, rows)).take(torch.arange(count))
        for rows, count in _blocks(by_length, jagged.lengths[by_length])
    ]
    return EncoderState.joined(states).take(torch.argsort(by_length))


def _blocks(by_length: Tensor, lengths: Tensor) -> Iterator[tuple[Tensor, int]]:
    """Blocks of histories that are sorted by length, as `fixed_blocks` gives them."""
    shorter = 0.0
    for size, longest in _HISTORIES.items():
        yield from fixed_blocks(by_length[(lengths > shorter) & (lengths <= longest)], size)
        shorter = longest
