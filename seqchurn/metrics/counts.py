"""Expected and actual numbers of orders -> errors per customer and in the sum.

All take `expected` and `actual` of shape (B,), B >= 1 customers: the expected number of orders in
a window, and how many came.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "aggregate_bias",
    "mean_absolute_error",
    "root_mean_squared_error",
    "spread_of_sum",
]

_Vector = npt.NDArray[np.float64]


def mean_absolute_error(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Mean distance in orders: lower is better.

    The median of a customer's count minimises it, and not the expectation: where most order
    nothing, a model that expects nothing does well. Read it beside the two others.
    """
    predicted, came = _checked(expected, actual)
    return float(np.abs(predicted - came).mean())


def root_mean_squared_error(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Root of the mean squared distance in orders: lower is better."""
    predicted, came = _checked(expected, actual)
    return float(np.sqrt(np.square(predicted - came).mean()))


def aggregate_bias(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Sum of expected over sum of actual orders, less one: zero is best, above it too many.

    NaN where no order came.

    >>> round(aggregate_bias([1.0, 0.1], [1, 0]), 9)
    0.1
    """
    predicted, came = _checked(expected, actual)
    return float(predicted.sum() / came.sum() - 1.0) if came.any() else float("nan")


def spread_of_sum(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Standard deviation of the sum of actual orders about its ratio R to the expected sum.

    The root of the sum of (actual - R expected)^2; divided by the expected sum it is the standard
    error of R (Cochran, Sampling Techniques, 1977, section 2.11). Customers count as independent:
    what moves all of them at once, such as a season, is not in it.

    >>> spread_of_sum([1.0, 1.0], [2, 0])
    1.4142135623730951
    """
    predicted, came = _checked(expected, actual)
    ratio = came.sum() / predicted.sum() if predicted.any() else 0.0
    return float(np.sqrt(np.square(came - ratio * predicted).sum()))


def _checked(expected: npt.ArrayLike, actual: npt.ArrayLike) -> tuple[_Vector, _Vector]:
    """Both as vectors of shape (B,).

    Raises:
        ValueError: If shapes differ, there are no customers, or a number is negative or NaN.
    """
    predicted = np.asarray(expected, dtype=np.float64)
    came = np.asarray(actual, dtype=np.float64)
    if predicted.ndim != 1 or predicted.size == 0 or predicted.shape != came.shape:
        raise ValueError(
            f"expected has shape {predicted.shape} and actual {came.shape}; both must be (B,) with "
            "at least one customer"
        )
    if not (np.isfinite(predicted) & (predicted >= 0.0)).all() or not (came >= 0.0).all():
        raise ValueError("numbers of orders must be finite and at least zero")
    return predicted, came
