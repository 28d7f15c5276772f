"""Survival curves and what followed -> the Brier score over time, and its mean.

Graf, Schmoor, Sauerbrei & Schumacher, "Assessment and comparison of prognostic classification
schemes for survival data", Statistics in Medicine 18 (1999), eq. 5 and section 4: the squared
error of survival at a time, each customer whose state is known there weighted by the inverse
probability of not having been censored (IPCW). Behind one cutoff everybody is censored at the end
of the log and all weights are one. Shapes: B customers, T times.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.inputs import checked_survival, checked_waits

__all__ = ["brier_curve", "integrated_brier"]

_Vector = npt.NDArray[np.float64]


def integrated_brier(
    survival: npt.ArrayLike, times: npt.ArrayLike, days: npt.ArrayLike, observed: npt.ArrayLike
) -> float:
    """Mean Brier score from the cutoff to the last time: lower is better, in [0, 1].

    The trapezoids below `brier_curve` and its zero at the cutoff, divided by the last time.

    Args:
        survival: Probability of no order up to each time, shape (B, T).
        times: Ascending and positive, in days, shape (T,).
        days: Length of each wait, or the time up to which it is known to be open, shape (B,).
        observed: True if the order came, False if censored, shape (B,).

    Raises:
        ValueError: If the arrays do not fit together.
    """
    scores = np.append(0.0, brier_curve(survival, times, days, observed))
    grid = np.append(0.0, np.asarray(times, dtype=np.float64))
    return float(np.trapezoid(scores, grid) / grid[-1])


def brier_curve(
    survival: npt.ArrayLike, times: npt.ArrayLike, days: npt.ArrayLike, observed: npt.ArrayLike
) -> _Vector:
    """Brier score at each time, shape (T,): lower is better; arguments as `integrated_brier`.

    At time t, who ordered by t adds S(t)^2 / G(wait), who is known to be open through t adds
    (1 - S(t))^2 / G(t), who was censored before t adds nothing; G is the probability of being
    seen that long.
    """
    curves, grid = checked_survival(survival, times)
    length, came = checked_waits(days, observed, len(curves))
    of_order, of_time = _seen_through(length, came, length), _seen_through(length, came, grid)
    scores = np.empty(grid.size)
    for k, time in enumerate(grid):
        ordered = came & (length <= time)
        still_open = (length > time) | (~came & (length == time))
        failed = np.square(curves[ordered, k]) / of_order[ordered]
        held = np.square(1.0 - curves[still_open, k])
        # nobody is open where G is zero
        lasted = held.sum() / of_time[k] if held.size else 0.0
        scores[k] = (failed.sum() + lasted) / length.size
    return scores


def _seen_through(length: _Vector, came: npt.NDArray[np.bool_], at: _Vector) -> _Vector:
    """Kaplan-Meier probability of not being censored before each of `at`, of the same shape.

    An order and a censoring at the same time are taken for an order first.
    """
    times, censored = np.unique(length[~came], return_counts=True)
    orders = np.sort(length[came])
    ended_before = np.searchsorted(np.sort(length), times, side="left")
    at_once = np.searchsorted(orders, times, side="right") - np.searchsorted(orders, times)
    at_risk = length.size - ended_before - at_once
    survival = np.append(1.0, np.cumprod(1.0 - censored / at_risk))
    return survival[np.searchsorted(times, at, side="left")]
