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
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln

from seqchurn.baselines.baseline import Baseline

__all__ = ["BGNBD", "BGNBDParameters", "alive_logit", "fit_parameters", "log_likelihood"]

_Vector = npt.NDArray[np.float64]
_LOG_BOUNDS = (-9.0, 9.0)  # of each parameter, time in units of the median T


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
        x, t_x, age = _sufficient_statistics(ordered, cutoff_day - step_days)
        self.parameters, _ = fit_parameters(x, t_x, age)

    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        r, alpha, _, _ = self.parameters
        x, t_x, age = _sufficient_statistics(ordered, cutoff_day - self._step_days)
        alive = expit(alive_logit(self.parameters, x, t_x, age))[:, None]  # (B, 1)
        # alive at T, lambda is Gamma(r + x, alpha + T); no order in H: the mean of exp(-lambda H)
        log_none = -(r + x)[:, None] * np.log1p(horizon_days / (alpha + age)[:, None])  # (B, H)
        within: _Vector = -alive * np.expm1(log_none)
        return within


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
    positive = age[age > 0]
    unit = float(np.median(positive)) if positive.size else 1.0
    rows, counts = np.unique(np.stack([x, t_x / unit, age / unit]), axis=1, return_counts=True)

    def mean_loss(log_parameters: _Vector) -> float:
        each = log_likelihood(BGNBDParameters(*np.exp(log_parameters)), *rows)
        return -float(counts @ each) / max(float(counts.sum()), 1.0)

    best = minimize(
        mean_loss, np.zeros(4), method="L-BFGS-B", jac="3-point", bounds=[_LOG_BOUNDS] * 4,
        options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
    )  # fmt: skip
    r, alpha, a, b = (float(value) for value in np.exp(best.x))
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


def _sufficient_statistics(
    ordered: pl.DataFrame, last_day: float
) -> tuple[_Vector, _Vector, _Vector]:
    """Repeat order days x, recency t_x and age T in days, each of shape (B,)."""
    days = ordered["order_days"].list
    first, last = days.first().to_numpy(), days.last().to_numpy()
    return days.len().to_numpy() - 1.0, last - first, np.maximum(last_day, last) - first
