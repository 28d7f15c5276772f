"""Order days -> repeat orders, recency and age, and the fit of a model to them.

What the buy-till-you-die models see of a customer: x repeat order days, t_x time from the first
to the last, T time from the first order to the end of what is seen. Shapes: B customers,
P parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize

__all__ = ["maximum_likelihood", "repeat_orders", "time_unit"]

_Vector = npt.NDArray[np.float64]


def repeat_orders(ordered: pl.DataFrame, last_day: float) -> tuple[_Vector, _Vector, _Vector]:
    """Repeat order days x, recency t_x and age T in days, each of shape (B,).

    Args:
        ordered: Histories of customers with an order.
        last_day: Last day that is seen; where an order is later, that is.
    """
    days = ordered["order_days"].list
    first, last = days.first().to_numpy(), days.last().to_numpy()
    return days.len().to_numpy() - 1.0, last - first, np.maximum(last_day, last) - first


def time_unit(age: _Vector) -> float:
    """The median of positive ages: with time in it, the parameters of any log are near one."""
    positive = age[age > 0]
    return float(np.median(positive)) if positive.size else 1.0


def maximum_likelihood(
    log_likelihood: Callable[[_Vector, _Vector, _Vector, _Vector], _Vector],
    x: _Vector,
    t_x: _Vector,
    age: _Vector,
    *,
    log_bounds: Sequence[tuple[float, float]],
) -> _Vector:
    """The likeliest positive parameters, found on a log scale from all ones; shape (P,).

    Args:
        log_likelihood: Of parameters (P,) and the other three, each row's value.
        x: Repeat orders of each customer, shape (B,).
        t_x: Time from the first to the last order, shape (B,).
        age: Time from the first order to the end of what is seen, shape (B,).
        log_bounds: Least and largest logarithm of each parameter.
    """
    rows, counts = np.unique(np.stack([x, t_x, age]), axis=1, return_counts=True)

    def mean_loss(log_parameters: _Vector) -> float:
        each = log_likelihood(np.exp(log_parameters), *rows)
        return -float(counts @ each) / max(float(counts.sum()), 1.0)

    best = minimize(
        mean_loss, np.zeros(len(log_bounds)), method="L-BFGS-B", jac="3-point", bounds=log_bounds,
        options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
    )  # fmt: skip
    found: _Vector = np.exp(best.x)
    return found
