"""A fitted model and sequences -> the expected number of order days within horizons.

The probability of a first order is known. Some first orders are drawn, each like one of the
customer's past: the encoder takes it in and says what wait follows. From there on every wait is
taken to be like that one, so that the orders after the first are a renewal process:

    E[orders within H] = P(first within H) + E[M(H - day of the first)]

with the renewal function M of the wait that follows the first (`seqchurn.waits.renewals`). To draw
order after order instead would let the network take what it has drawn for news: each says that the
customer is still there, and counts grow too large (notebooks/LOG.md).

On the grid, an order on day o is followed by a wait that is asked on o + step, of which nothing is
survived.

Shapes: B customers, H horizons, N drawn orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqchurn.prediction.carried import Carried, carry, fixed_blocks
from seqchurn.prediction.draws import streams, uniforms
from seqchurn.training.fitted_model import FittedModel
from seqchurn.waits.renewals import renewals
from seqchurn.waits.wait import Wait

__all__ = ["expected_orders", "orders_of"]

_OTHER_DRAWS = 1_000_003  # so that networks do not draw alike


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
        sequences: The sequences table.
        as_of: First instant not seen, aware; the start of a step.
        horizons_days: Horizons, whole steps, shape (H,).
        paths: First orders drawn of a customer who orders for certain; others get fewer.
        seed: Seed of the draws, which depend on nothing else but the customer's id.

    Returns:
        Shape (B, H), rows as in `running_waits`; at least the probability of an order, up to
        rounding.

    Raises:
        ConfigError: If `as_of` lies inside a step of the grid.
    """
    return orders_of(carry(model, sequences, as_of), horizons_days, paths=paths, seed=seed)


@torch.inference_mode()
def orders_of(
    carried: Carried, horizons_days: Sequence[float], *, paths: int, seed: int = 0
) -> NDArray[np.float64]:
    """Expected number of order days within horizons of customers that are carried, shape (B, H).

    Any of the networks may be right: each draws its share of the first orders, and what they come
    to is averaged.
    """
    each = -(-paths // len(carried.states))
    by_network = [
        _orders_of_one(one, np.array(horizons_days), paths=each, seed=seed + number * _OTHER_DRAWS)
        for number, one in enumerate(carried.by_network())
    ]
    mean: NDArray[np.float64] = np.mean(by_network, axis=0)
    return mean


def _orders_of_one(
    carried: Carried, horizons: NDArray[np.float64], *, paths: int, seed: int
) -> NDArray[np.float64]:
    """Expected orders by the one network of the model, shape (B, H)."""
    expected = np.zeros((len(carried.customer_ids), len(horizons)))
    for rows, count in fixed_blocks(torch.arange(len(expected))):
        expected[rows[:count].numpy()] = carried.waits(rows).probability(horizons)[:count]
    any_order = torch.from_numpy(expected.max(axis=1))  # (B,)
    customer, number, share = _spread(torch.ceil(paths * any_order).long())
    # one in each slice of equal probability: first orders spread evenly over the running wait
    stream = streams(carried.customer_ids.gather(customer.tolist()), number.numpy(), seed=seed)
    within, copied = (torch.from_numpy(uniforms(stream, draw)) for draw in (0, 1))
    level = (number + within) * share * any_order[customer]
    weight = share * any_order[customer]
    for rows, count in fixed_blocks(torch.arange(len(customer))):
        who = customer[rows]
        day = torch.from_numpy(carried.waits(who).order_day(level[rows].unsqueeze(1).numpy())[:, 0])
        more = _orders_after(carried, who, day, copied[rows], horizons)  # (N, H)
        more = more * weight[rows].unsqueeze(1)
        np.add.at(expected, who[:count].numpy(), more[:count].numpy())
    return expected


def _spread(counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Customer of each drawn order, its number among those of its customer, and one by their count.

    Args:
        counts: Orders drawn of each customer, shape (B,).
    """
    customer = torch.repeat_interleave(torch.arange(len(counts)), counts)  # (N,)
    number = torch.arange(len(customer)) - (counts.cumsum(0) - counts)[customer]
    return customer, number, 1.0 / counts[customer].double()


def _orders_after(
    carried: Carried, who: Tensor, day: Tensor, copied: Tensor, horizons: NDArray[np.float64]
) -> Tensor:
    """Expected orders after first ones until the end of each horizon, shape (N, H).

    Each horizon is counted by itself: given the first orders no count depends on which others are
    asked for. (Which first orders are drawn does depend on the longest of them.)

    Args:
        carried: The customers, by one network.
        who: Row of the customer of each first order, shape (N,).
        day: Grid days of the first orders, shape (N,), float64.
        copied: Chooses the past order that each is like, in (0, 1), shape (N,).
        horizons: Shape (H,).
    """
    step_days = carried.model.clock.step_days
    day = torch.round(day / step_days) * step_days  # as the clock counts: sums of steps would drift
    wait = _wait_after(carried, who, day, copied)
    counts = [
        renewals(
            wait,
            (carried.as_of_day + horizon - day - step_days).clamp(min=0.0),
            longest_days=horizon - step_days,
            step_days=step_days,
        )
        for horizon in horizons.tolist()
    ]
    return torch.stack(counts, dim=1)


def _wait_after(carried: Carried, who: Tensor, day: Tensor, copied: Tensor) -> Wait:
    """The waits that start with first orders, batch shape (N,)."""
    [network], state = carried.model.networks, carried.states[0].take(who)
    start = carried.wait_start[who]
    event = carried.past.event(who, copied, state=state, day=day, wait_start=start)
    state = network.encoder.step(state, event)
    context = network.encoder.read(state, day + carried.model.clock.step_days, day)  # (N, C)
    return network.waits(context, day)
