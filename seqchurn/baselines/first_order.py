"""Histories before a cutoff -> how soon customers without an order placed their first.

No rule about orders says anything of a customer who never placed one. All baselines answer with
the rate of such customers at earlier cutoffs: at up to twelve days spread evenly over the history,
whoever was known without an order, and the time from there to the first order, open at the
cutoff. Shapes: B customers, H horizons.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.baselines.product_limit import ProductLimit
from seqchurn.waits.histories import known_before, next_order_day

__all__ = ["FirstOrderRate"]

_EARLIER_CUTOFFS = 12


class FirstOrderRate:
    """Probability of a first order, the same for every customer without one.

    Where no customer without an order was known at any earlier cutoff, the rate is that of all
    customers known there.

    Args:
        known: Histories trimmed to the cutoff.
        cutoff_day: First day not seen.
        step_days: Resolution of the grid, in days.
    """

    def __init__(self, known: pl.DataFrame, *, cutoff_day: float, step_days: float) -> None:
        """Learn the rate from the earlier cutoffs."""
        self._step_days = step_days
        waits = _waits_from_earlier_cutoffs(known, cutoff_day, step_days, unordered=True)
        if not waits[0].size:
            waits = _waits_from_earlier_cutoffs(known, cutoff_day, step_days, unordered=False)
        self._curve = ProductLimit(*waits, smooth=True)

    def probability(self, horizon_days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probability of an order within each horizon, shape (B, H), as a new array."""
        return self._curve.probability(np.zeros(1), horizon_days / self._step_days)


def _waits_from_earlier_cutoffs(
    known: pl.DataFrame, cutoff_day: float, step_days: float, *, unordered: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Steps from earlier cutoffs through the next order, and whether it came, shape (N,)."""
    span = round((cutoff_day - float(known["first_day"].min())) / step_days)  # type: ignore[arg-type]
    backs = np.unique(np.linspace(1, span, _EARLIER_CUTOFFS + 1, dtype=np.int64)[:-1])
    steps, observed = [], []
    for back in backs[backs < span].tolist():
        earlier = cutoff_day - back * step_days
        between = earlier - step_days / 2  # no order lies there, whatever rounding did
        asked = (known_before(known, between)["order_days"].list.len() == 0) | (not unordered)
        following = next_order_day(known, between).filter(asked).to_numpy()
        observed.append(~np.isnan(following))
        step = np.where(observed[-1], (following - earlier) / step_days + 1, back)
        steps.append(np.rint(step).astype(np.int64))
    if not steps:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    return np.concatenate(steps), np.concatenate(observed)
