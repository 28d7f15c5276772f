"""Repeat orders, recency and age -> BG/NBD: gamma order rates, and leaving after an order.

Customers order as Poisson with rate lambda ~ Gamma(r, alpha), and after each repeat order leave
for good with probability p ~ Beta(a, b). Fader, Hardie & Lee, "Counting your customers the easy
way: an alternative to the Pareto/NBD model", Marketing Science 24 (2005), equation numbers from
there. x repeat order days, t_x days from the first to the last, T days from the first order to
the end of what is seen. Shapes: B customers, H horizons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betaln, expit, gammaln

from seqchurn.baselines.baseline import Baseline
from seqchurn.baselines.repeat_orders import maximum_likelihood, repeat_orders, time_unit

__all__ = ["BGNBD", "BGNBDParameters", "alive_logit", "fit_parameters", "log_likelihood"]

_Vector = npt.NDArray[np.float64]
# time in units of the median T; with r = 33 or a = b = 148 customers are as good as alike, and
# beyond them the series of expected orders would lose its digits
_LOG_BOUNDS = [(-9.0, 3.5), (-9.0, 9.0), (-9.0, 5.0), (-9.0, 5.0)]
_TERMS = 20_000


class BGNBDParameters(NamedTuple):
    """Shape and rate of the gamma of order rates (`alpha` in units of time), and of the beta."""

    r: float
    alpha: float
    a: float
    b: float


class BGNBD(Baseline):
    """BG/NBD by maximum likelihood; order days count once."""

    name: ClassVar[str] = "bgnbd"
    has_distribution: ClassVar[bool] = True
    has_counts: ClassVar[bool] = True
    parameters: BGNBDParameters
    """Of the last fit, `alpha` in days."""

    def _fit(
        self,
        known: pl.DataFrame,
        cutoff_day: float,
        step_days: float,
        horizons_days: Sequence[float],
    ) -> None:
        ordered = known.filter(pl.col("order_days").list.len() > 0)
        self.parameters, _ = fit_parameters(*repeat_orders(ordered, cutoff_day - step_days))

    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        r, alpha, _, _ = self.parameters
        x, t_x, age = repeat_orders(ordered, cutoff_day - self._step_days)
        alive = expit(alive_logit(self.parameters, x, t_x, age))[:, None]  # (B, 1)
        # alive at T, lambda is Gamma(r + x, alpha + T); no order in H: the mean of exp(-lambda H)
        log_none = -(r + x)[:, None] * np.log1p(horizon_days / (alpha + age)[:, None])  # (B, H)
        within: _Vector = -alive * np.expm1(log_none)
        return within

    def _expected_orders(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        x, t_x, age = repeat_orders(ordered, cutoff_day - self._step_days)
        alive = expit(alive_logit(self.parameters, x, t_x, age))[:, None]  # (B, 1)
        flat = [np.broadcast_to(v[:, None], horizon_days.shape).ravel() for v in (x, age)]
        rows, which = np.unique(
            np.stack([*flat, horizon_days.ravel()]), axis=1, return_inverse=True
        )
        expected: _Vector = alive * orders_if_alive(self.parameters, *rows)[which].reshape(
            horizon_days.shape
        )
        return expected


def fit_parameters(x: _Vector, t_x: _Vector, age: _Vector) -> tuple[BGNBDParameters, float]:
    """Maximum likelihood, in whatever unit of time the arguments have.

    Args:
        x: Repeat orders of each customer, shape (B,).
        t_x: Time from the first to the last order, shape (B,), 0 where x is 0.
        age: Time T from the first order to the end of what is seen, shape (B,), >= t_x.

    Returns:
        The parameters, and the log likelihood summed over customers. Without any customer, r, a
        and b are 1 and alpha is one unit of time.
    """
    unit = time_unit(age)
    found = maximum_likelihood(
        lambda values, *rows: log_likelihood(BGNBDParameters(*values), *rows),
        x, t_x / unit, age / unit, log_bounds=_LOG_BOUNDS,
    )  # fmt: skip
    r, alpha, a, b = (float(value) for value in found)
    parameters = BGNBDParameters(r, alpha * unit, a, b)
    return parameters, float(log_likelihood(parameters, x, t_x, age).sum())


def log_likelihood(parameters: BGNBDParameters, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
    """Log likelihood of each customer, shape (B,), eq. 6 in logs: higher is likelier."""
    r, alpha, a, b = parameters
    orders = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
    stayed = betaln(a, b + x) - betaln(a, b)
    # alive or left: log(1 + odds of having left), the latter zero without a repeat order
    total: _Vector = orders + stayed + np.logaddexp(0.0, -alive_logit(parameters, x, t_x, age))
    return total


def alive_logit(parameters: BGNBDParameters, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
    """Log odds that a customer is still one, shape (B,); without a repeat order infinite.

    P(alive) = 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x)) for x > 0, from the
    two terms of eq. 6 (Fader, Hardie & Lee 2008, "Computing P(alive) using the BG/NBD model").
    """
    r, alpha, a, b = parameters
    quiet = np.log1p((age - t_x) / (alpha + t_x))
    left = np.log(a) - np.log(np.maximum(b + x - 1.0, b)) + (r + x) * quiet
    return np.where(x > 0, -left, np.inf)


def orders_if_alive(
    parameters: BGNBDParameters, x: _Vector, age: _Vector, horizon: _Vector
) -> _Vector:
    """Expected orders within a horizon of customers who have not left, all of shape (N,).

    Eq. 10 without P(alive). Its 2F1(r + x, b + x; a + b + x - 1; z), z = H / (alpha + T + H), is
    by Euler's transformation (1 - z)^(a - 1 - r - x) 2F1(a + b - 1 - r, a - 1; a + b + x - 1; z):
    the large powers cancel and what is left is summed term by term.
    """
    r, alpha, a, b = parameters
    a += 1e-7 if abs(a - 1.0) < 1e-7 else 0.0  # the limit at a = 1 is a logarithm
    top = a + b + x - 1.0
    top = np.where(np.abs(top) < 1e-7, 1e-7, top)
    z = horizon / (alpha + age + horizon)
    term = np.exp((a - 1.0) * np.log1p(-z))
    total = term.copy()
    for n in range(_TERMS):
        term = term * (a + b - 1.0 - r + n) * (a - 1.0 + n) / ((top + n) * (n + 1.0)) * z
        total += term
        if (np.abs(term) <= 1e-13 * np.abs(total)).all():
            break
    expected: _Vector = top / (a - 1.0) * (1.0 - total)
    return np.maximum(expected, 0.0)
