"""Repeat orders, recency and age -> baselines of customers who one day leave, and do not say so.

What BG/NBD and Pareto/NBD share: what they see of a customer, a fit by maximum likelihood, and
that whatever they expect is P(alive) times what they expect of a customer who is still one. x
repeat order days, t_x days from the first to the last, T (`age`) days from the first order to the
end of what is seen. Shapes: B customers, H horizons, P parameters.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize
from scipy.special import expit

from seqchurn.baselines.baseline import Baseline

__all__ = ["BuyTillYouDie", "Parameters"]

_Vector = npt.NDArray[np.float64]


class Parameters(Protocol):
    """Parameters of a model and what follows from them, all in one unit of time, whichever."""

    @abstractmethod
    def log_likelihood(self, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
        """Log likelihood of each customer, shape (B,): higher is likelier."""

    @abstractmethod
    def alive_logit(self, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
        """Log odds that a customer has not left by T, shape (B,)."""

    @abstractmethod
    def order_if_alive(self, x: _Vector, age: _Vector, horizon: _Vector) -> _Vector:
        """Probability of an order in [T, T + horizon) of one who has not left by T.

        Shape (B, H), for x and age of shape (B, 1) and horizons of shape (B, H).
        """

    @abstractmethod
    def orders_if_alive(self, x: _Vector, age: _Vector, horizon: _Vector) -> _Vector:
        """Expected orders in [T, T + horizon) of one who has not left by T; shapes likewise."""


class BuyTillYouDie(Baseline):
    """A model with `Parameters`, by maximum likelihood; order days count once."""

    has_distribution: ClassVar[bool] = True
    has_counts: ClassVar[bool] = True
    parameters: Parameters
    """Of the last fit, in days."""
    _model: ClassVar[Callable[..., Parameters]]
    _log_bounds: ClassVar[Sequence[tuple[float, float]]]
    """Least and largest logarithm of each parameter, with time in units of the median T."""
    _is_time: ClassVar[Sequence[bool]]
    """Whether a parameter is a length of time."""

    @classmethod
    def likeliest(cls, x: _Vector, t_x: _Vector, age: _Vector) -> tuple[Parameters, float]:
        """Maximum likelihood, in whatever unit of time the arguments have.

        Args:
            x: Repeat orders of each customer, shape (B,).
            t_x: Time from the first to the last order, shape (B,), 0 where x is 0.
            age: Time T from the first order to the end of what is seen, shape (B,), >= t_x.

        Returns:
            The parameters, and the log likelihood summed over customers. Without any customer all
            parameters are 1, in a unit of time of 1.
        """
        # in units of the median T the parameters of any log are near one
        unit = float(np.median(age[age > 0])) if (age > 0).any() else 1.0
        rows, counts = np.unique(np.stack([x, t_x / unit, age / unit]), axis=1, return_counts=True)

        def mean_loss(log_parameters: _Vector) -> float:
            each = cls._model(*np.exp(log_parameters)).log_likelihood(*rows)
            return -float(counts @ each) / max(float(counts.sum()), 1.0)

        best = minimize(
            mean_loss, np.zeros(len(cls._log_bounds)), method="L-BFGS-B", jac="3-point",
            bounds=cls._log_bounds, options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
        )  # fmt: skip
        found = np.exp(best.x) * np.where(cls._is_time, unit, 1.0)  # (P,)
        parameters = cls._model(*found.tolist())
        return parameters, float(parameters.log_likelihood(x, t_x, age).sum())

    def _fit(self, known: pl.DataFrame, cutoff_day: float) -> None:
        ordered = known.filter(pl.col("order_days").list.len() > 0)
        self.parameters, _ = self.likeliest(*_repeat_orders(ordered, cutoff_day - self._step_days))

    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: _Vector
    ) -> _Vector:
        alive, x, age = self._alive(ordered, cutoff_day)
        return alive * self.parameters.order_if_alive(x, age, horizon_days)

    def _expected_orders(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: _Vector
    ) -> _Vector:
        alive, x, age = self._alive(ordered, cutoff_day)
        return alive * self.parameters.orders_if_alive(x, age, horizon_days)

    def _alive(self, ordered: pl.DataFrame, cutoff_day: float) -> tuple[_Vector, _Vector, _Vector]:
        """P(alive), x and T, each of shape (B, 1)."""
        x, t_x, age = _repeat_orders(ordered, cutoff_day - self._step_days)
        alive = expit(self.parameters.alive_logit(x, t_x, age))
        return alive[:, None], x[:, None], age[:, None]


def _repeat_orders(ordered: pl.DataFrame, last_day: float) -> tuple[_Vector, _Vector, _Vector]:
    """Repeat order days x, recency t_x and age T in days, each of shape (B,).

    Args:
        ordered: Histories of customers with an order.
        last_day: Last day that is seen; where an order is later, that is.
    """
    days = ordered["order_days"].list
    first, last = days.first().to_numpy(), days.last().to_numpy()
    return days.len().to_numpy() - 1.0, last - first, np.maximum(last_day, last) - first
