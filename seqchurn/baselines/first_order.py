"""Histories before a cutoff -> how soon customers without an order placed their first.

No rule about orders says anything of a customer who never placed one. All baselines answer with
the rate of such customers at earlier cutoffs: at up to twelve days spread evenly over the history,
whoever was known without an order, the time from there to the first order, open at the cutoff,
and the orders they placed. Shapes: B customers, H horizons, C earlier cutoffs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.baselines.mean_count import MeanCount
from seqchurn.baselines.product_limit import ProductLimit
from seqchurn.waits.histories import known_before, next_order_day

__all__ = ["FirstOrderRate"]

_EARLIER_CUTOFFS = 12


class FirstOrderRate:
    """Probability of a first order and mean number of orders, alike for all without an order.

    Where no customer without an order was known at any earlier cutoff, the rate is that of all
    customers known there. Orders are counted as far as the earliest of these cutoffs lies back;
    longer horizons get as many in proportion.

    Args:
        known: Histories trimmed to the cutoff.
        cutoff_day: First day not seen.
        step_days: Resolution of the grid, in days.
    """

    def __init__(self, known: pl.DataFrame, *, cutoff_day: float, step_days: float) -> None:
        """Learn the rate from the earlier cutoffs."""
        self._step_days = step_days
        earlier = _earlier_cutoffs(known, cutoff_day, step_days, unordered=True)
        if not any(cutoff.waits.size for cutoff in earlier):
            earlier = _earlier_cutoffs(known, cutoff_day, step_days, unordered=False)
        no_steps = np.zeros(0, np.int64)
        waits = np.concatenate([no_steps, *(cutoff.waits for cutoff in earlier)])
        observed = np.concatenate([no_steps > 0, *(cutoff.observed for cutoff in earlier)])
        orders = np.concatenate([no_steps, *(cutoff.orders for cutoff in earlier)])
        backs = np.array([cutoff.back for cutoff in earlier], np.int64)
        customers = np.array([cutoff.waits.size for cutoff in earlier], np.int64)
        self._curve = ProductLimit(waits, observed, smooth=True)
        self._count = MeanCount(orders, backs, customers)

    def probability(self, horizon_days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probability of an order within each horizon, shape (B, H), as a new array."""
        return self._curve.probability(np.zeros(1), horizon_days / self._step_days)

    def expected_orders(self, horizon_days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Mean number of order days within each horizon, shape (B, H), as a new array.

        At least the probability of one: the two are smoothed differently where orders are rare.
        """
        count = self._count.by(horizon_days / self._step_days)
        return np.maximum(count, self.probability(horizon_days))


class _EarlierCutoff(NamedTuple):
    """What came after an earlier cutoff, in steps from there.

    Args:
        back: Steps from it to the cutoff.
        waits: Through the next order, or to the cutoff, of each customer asked about.
        observed: Whether the next order came.
        orders: Through each order of these customers.
    """

    back: int
    waits: npt.NDArray[np.int64]
    observed: npt.NDArray[np.bool_]
    orders: npt.NDArray[np.int64]


def _earlier_cutoffs(
    known: pl.DataFrame, cutoff_day: float, step_days: float, *, unordered: bool
) -> list[_EarlierCutoff]:
    """What came after each, of customers known there: those without an order, or all."""
    span = round((cutoff_day - float(known["first_day"].min())) / step_days)  # type: ignore[arg-type]
    backs = np.unique(np.linspace(1, span, _EARLIER_CUTOFFS + 1, dtype=np.int64)[:-1])
    found = []
    for back in backs[backs < span].tolist():
        earlier = cutoff_day - back * step_days
        between = earlier - step_days / 2  # no order lies there, whatever rounding did
        asked = (known_before(known, between)["order_days"].list.len() == 0) | (not unordered)
        following = next_order_day(known, between).filter(asked).to_numpy()
        observed = ~np.isnan(following)
        waits = np.where(observed, (following - earlier) / step_days + 1, back)
        days = known.filter(pl.col("first_day") < between).filter(asked)["order_days"]
        orders = days.explode().drop_nulls().to_numpy()
        orders = (orders[orders > between] - earlier) / step_days + 1
        found.append(
            _EarlierCutoff(
                back, np.rint(waits).astype(np.int64), observed, np.rint(orders).astype(np.int64)
            )
        )
    return found
