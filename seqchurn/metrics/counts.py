"""Expected and actual numbers of orders -> errors per customer and in the sum.

All take `expected` and `actual` of shape (B,), B >= 1 customers: the expected number of orders in
a window, and how many came.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["aggregate_bias", "mean_absolute_error", "root_mean_squared_error"]

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
