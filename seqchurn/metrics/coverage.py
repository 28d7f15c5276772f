"""Predicted intervals of the next order and what followed -> how many orders fell inside.

An open wait is outside once its interval has passed; until then nobody knows. Whether an interval
ends before the log does was settled by the prediction and not by what followed, so customers
chosen by that are judged without bias, and without a weight for the others. Shapes: B customers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.inputs import checked_waits

__all__ = ["Coverage", "interval_coverage"]


@dataclass(frozen=True)
class Coverage:
    """How many orders fell inside their interval.

    Args:
        value: Share inside, of the customers whose interval ends within the log; NaN without any.
        expected: What the model itself expects of these: above the nominal share, because the
            ends of an interval are whole steps.
        decided: Customers whose interval ends within the log.
        low: Share inside of all customers if every interval that is not over yet fails.
        high: The same if every one of them holds.
    """

    value: float
    expected: float
    decided: int
    low: float
    high: float


def interval_coverage(
    interval: npt.ArrayLike,
    mass: npt.ArrayLike,
    days: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    end_days: float,
) -> Coverage:
    """Share of customers whose order came in a step of the predicted interval.

    Args:
        interval: Days after the cutoff at which the first and the last step of the interval end,
            shape (B, 2); any number above `end_days` stands for later.
        mass: Predicted probability of the interval, shape (B,).
        days: Days after the cutoff at which the step of the order ends, or up to which a wait is
            known to be open, shape (B,).
        observed: True if the order came, False if censored, shape (B,).
        end_days: End of the log, in days after the cutoff.

    Raises:
        ValueError: If the arrays do not fit together.
    """
    first, last = np.asarray(interval, dtype=np.float64).T
    wait, came = checked_waits(days, observed, first.size)
    inside = came & (wait >= first) & (wait <= last)
    unknown = ~came & (last > wait)
    within_log = last <= end_days
    decided = int(within_log.sum())
    nan = float("nan")
    return Coverage(
        value=float(inside[within_log].mean()) if decided else nan,
        expected=float(np.asarray(mass)[within_log].mean()) if decided else nan,
        decided=decided,
        low=float(inside.mean()),
        high=float((inside | unknown).mean()),
    )
