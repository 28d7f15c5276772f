"""A fitted model and sequences -> the expected number of order days within horizons.

The probability of a first order is known. For those after it, orders are drawn: the first wait
given the quiet time, an order like one of the customer's past, a step of the encoder's state, the
wait that follows, and so on until the longest horizon is passed. Every drawn order adds the
probability that another one follows within the horizon, not the next draw itself, which has the
same mean and less noise (conditional Monte Carlo):

    E[orders within H] = P(first within H) + sum over k of E[P(order k + 1 within H | k orders)]

Only paths with a first order are drawn, each weighing its share of that order's probability.

On the grid, an order on day o is followed by a wait that is asked on o + step, of which nothing is
survived, so the next one lies before the day C with probability 1 - S(C - o - step).

Shapes: B customers, H horizons, N paths that go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqchurn.encoders import EncoderState
from seqchurn.prediction.carried import Carried, carry, fixed_blocks
from seqchurn.prediction.draws import streams, uniforms
from seqchurn.training.fitted_model import FittedModel
from seqchurn.waits.wait import Wait

__all__ = ["expected_orders", "simulated_orders"]

_MOST_PATHS = 131_072
"""Paths at once: about a kilobyte each."""

_OTHER_DRAWS = 1_000_003  # so that networks do not draw alike

_DRAWS_BEFORE, _DRAWS_AN_ORDER = 1, 2  # the first wait; then an order to copy and the next wait


def expected_orders(
    model: FittedModel,
    sequences: pl.DataFrame,
    as_of: datetime,
    horizons_days: Sequence[float],
    *,
    paths: int,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Expected number of order days in [as_of, as_of + horizon) of every known customer.

    Args:
        model: The fitted model.
        sequences: The sequences table; later events are not looked at.
        as_of: First instant not seen, aware; the start of a step.
        horizons_days: Horizons, whole steps, shape (H,).
        paths: Paths of a customer who orders for certain; others get fewer.
        seed: Seed of the draws, which depend on nothing else but the customer's id.

    Returns:
        Shape (B, H), rows as in `running_waits`; rises with the horizon, and is, up to rounding,
        at least the probability of an order.

    Raises:
        ConfigError: If `as_of` lies inside a step of the grid.
    """
    return simulated_orders(carry(model, sequences, as_of), horizons_days, paths=paths, seed=seed)


@torch.inference_mode()
def simulated_orders(
    carried: Carried, horizons_days: Sequence[float], *, paths: int, seed: int = 0
) -> NDArray[np.float64]:
    """Expected number of order days within horizons of customers that are carried, shape (B, H).

    Any of the networks may be right: each goes its own share of the paths, and what they come to
    is averaged.
    """
    each = -(-paths // len(carried.states))
    by_network = [
        _orders_of_one(one, horizons_days, paths=each, seed=seed + number * _OTHER_DRAWS)
        for number, one in enumerate(carried.by_network())
    ]
    mean: NDArray[np.float64] = np.mean(by_network, axis=0)
    return mean


def _orders_of_one(
    carried: Carried, horizons_days: Sequence[float], *, paths: int, seed: int
) -> NDArray[np.float64]:
    """Expected orders by the one network of the model, shape (B, H)."""
    customers = len(carried.customer_ids)
    ends = carried.as_of_day + torch.tensor(list(horizons_days), dtype=torch.float64)  # (H,)
    expected = np.zeros((customers, len(ends)))
    for group in torch.split(torch.arange(customers), max(_MOST_PATHS // paths, 1)):
        walk, first = _first_orders(carried, group, ends, paths=paths, seed=seed)
        expected[group.numpy()] = first
        draw = _DRAWS_BEFORE
        while len(walk.customer):
            following, orders = _next_orders(carried, walk, ends, draw=draw)
            np.add.at(expected, walk.customer.numpy(), orders)
            walk, draw = following, draw + _DRAWS_AN_ORDER
    return expected


@dataclass(frozen=True)
class _Paths:
    """N paths, each at an order that has been drawn but not yet been lived through."""

    customer: Tensor  # (N,) int64 row of the customer
    weight: Tensor  # (N,) float64: what an order on the path counts
    stream: NDArray[np.uint64]  # (N,)
    state: EncoderState  # before the order
    wait_start: Tensor  # (N,) grid day on which the wait that the order ends had started
    order_day: Tensor  # (N,) grid day of the order

    def take(self, rows: Tensor) -> _Paths:
        """Some of the paths."""
        names = ("customer", "weight", "wait_start", "order_day")
        tensors = {name: getattr(self, name)[rows] for name in names}
        return _Paths(stream=self.stream[rows.numpy()], state=self.state.take(rows), **tensors)


def _first_orders(
    carried: Carried, group: Tensor, ends: Tensor, *, paths: int, seed: int
) -> tuple[_Paths, NDArray[np.float64]]:
    """Paths with a first order before the last end; and P(first order before each), (B, H).

    A customer gets paths in proportion to the probability of any order. Their first waits are
    spread evenly over its distribution: one in each slice of equal probability.
    """
    horizons = (ends - carried.as_of_day).numpy()
    first = np.zeros((len(group), len(ends)))
    for rows, count in fixed_blocks(torch.arange(len(group))):
        first[rows[:count].numpy()] = carried.waits(group[rows]).probability(horizons)[:count]
    any_order = torch.from_numpy(first.max(axis=1))  # (B,)
    share = torch.ceil(paths * any_order)  # (B,) paths of each customer
    of = torch.repeat_interleave(torch.arange(len(group)), share.long())  # (N,)
    number = torch.arange(len(of)) - (share.cumsum(0) - share).long()[of]  # (N,) within a customer
    customer, weight = group[of], (any_order / share)[of]
    ids = carried.customer_ids.gather(customer.tolist())
    stream = streams(ids, number.numpy(), seed=seed)
    level = (number + torch.from_numpy(uniforms(stream, 0))) * weight  # (N,) in (0, any order)
    order_day = torch.empty(len(of), dtype=torch.float64)
    for rows, count in fixed_blocks(torch.arange(len(of))):
        days = carried.waits(customer[rows]).order_day(level[rows].unsqueeze(1).numpy())
        order_day[rows[:count]] = torch.from_numpy(days[:count, 0])
    order_day = _on_grid(order_day, carried.model.clock.step_days)
    state, wait_start = carried.states[0].take(customer), carried.wait_start[customer]
    return _Paths(customer, weight, stream, state, wait_start, order_day), first


def _next_orders(
    carried: Carried, walk: _Paths, ends: Tensor, *, draw: int
) -> tuple[_Paths, NDArray[np.float64]]:
    """Live through an order of every path.

    Args:
        carried: The customers.
        walk: N paths.
        ends: Ends of the horizons, grid days, shape (H,).
        draw: Number of the next draw of each stream.

    Returns:
        The paths with another order before the last end; and what that order, drawn or not,
        counts within each horizon, shape (N, H).
    """
    step_days, last = carried.model.clock.step_days, ends.max()
    copied, level = (torch.from_numpy(uniforms(walk.stream, draw + i)) for i in (0, 1))
    orders, following = np.zeros((len(walk.customer), len(ends))), []
    for rows, count in fixed_blocks(torch.arange(len(walk.customer))):
        before = walk.take(rows)
        state, wait = _live_through(carried, before, copied[rows])
        left = ends.unsqueeze(1) - before.order_day - step_days  # (H, N)
        within = -torch.expm1(wait.log_survival(left.clamp(min=0.0))) * before.weight  # (H, N)
        orders[rows[:count].numpy()] = within.T[:count].numpy()
        steps = torch.ceil(wait.quantile(level[rows]) / step_days - 1e-6).clamp(min=1.0)
        order_day = _on_grid(before.order_day + steps * step_days, step_days)
        after = replace(before, state=state, wait_start=before.order_day, order_day=order_day)
        goes_on = order_day[:count] < last - 0.5 * step_days
        following.append(after.take(torch.nonzero(goes_on).squeeze(1)))
    return _joined(following), orders


def _live_through(carried: Carried, paths: _Paths, copied: Tensor) -> tuple[EncoderState, Wait]:
    """States after the drawn orders, and the waits that start with them."""
    network, day = carried.model.networks[0], paths.order_day
    event = carried.past.event(
        paths.customer, copied, state=paths.state, day=day, wait_start=paths.wait_start
    )
    state = network.encoder.step(paths.state, event)
    context = network.encoder.read(state, day + carried.model.clock.step_days, day)  # (N, C)
    return state, network.waits(context, day)


def _on_grid(day: Tensor, step_days: float) -> Tensor:
    """Whole steps times the length of a step, as the clock counts: sums of steps would drift."""
    return torch.round(day / step_days) * step_days


def _joined(parts: list[_Paths]) -> _Paths:
    names = ("customer", "weight", "wait_start", "order_day")
    tensors = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    return _Paths(
        stream=np.concatenate([part.stream for part in parts]),
        state=EncoderState.joined([part.state for part in parts]),
        **tensors,
    )
