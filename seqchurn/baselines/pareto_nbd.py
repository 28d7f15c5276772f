"""Repeat orders, recency and age -> Pareto/NBD: gamma order rates, leaving at any time.

Customers order as Poisson with rate lambda ~ Gamma(r, alpha), and leave for good after a lifetime
that is exponential with rate mu ~ Gamma(s, beta). Schmittlein, Morrison & Colombo, "Counting your
customers: who are they and what will they do next?", Management Science 33 (1987). The closed
forms are Gaussian hypergeometric functions of |alpha - beta|, which overflow for busy customers
and cancel for quiet ones; all of them are one integral over the time of leaving or of the next
order, which is positive and done here by quadrature. Shapes: B customers, H horizons.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import exprel, gammaln

from seqchurn.baselines.buy_till_you_die import BuyTillYouDie

__all__ = ["ParetoNBD", "ParetoNBDParameters"]

_Vector = npt.NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_DECAYED = 40.0  # e-foldings after which nothing is left in double precision
_PANEL = 6.0  # e-foldings of time that 32 nodes integrate to 1e-12


class ParetoNBDParameters(NamedTuple):
    """Shape and rate of the gamma of order rates, then of leaving; rates in units of time."""

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
        """Log likelihood of each customer, shape (B,): higher is likelier."""
        total: _Vector = np.logaddexp(*self._log_alive_and_left(x, t_x, age))
        return total

    def alive_logit(self, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
        """Log odds that a customer has not left by T, shape (B,)."""
        log_alive, log_left = self._log_alive_and_left(x, t_x, age)
        return log_alive - log_left

    def order_if_alive(self, x: _Vector, age: _Vector, horizon: _Vector) -> _Vector:
        """The next order at T + t and still a customer then, over t in [0, H), shape (B, H).

        Given the rates, that is lambda exp(-(lambda + mu) t). At T they are Gamma(r + x, alpha + T)
        and Gamma(s, beta + T), so the density of t is
        (r + x) / (alpha + T) (1 + t / (alpha + T))^-(r + x + 1) (1 + t / (beta + T))^-s.
        """
        r, alpha, s, beta = self
        open_for = _decayed_time((alpha + age, r + x + 1.0), (beta + age, s), horizon)
        within: _Vector = np.minimum((r + x) / (alpha + age) * open_for, 1.0)
        return within

    def orders_if_alive(self, x: _Vector, age: _Vector, horizon: _Vector) -> _Vector:
        """Mean order rate, times the mean time stayed within the horizon, shape (B, H).

        Schmittlein, Morrison & Colombo (1987), eq. 22, written so that it holds for s = 1 too.
        """
        r, alpha, s, beta = self
        log_time = np.log1p(horizon / (beta + age))
        stayed = (beta + age) * log_time * exprel((1.0 - s) * log_time)
        expected: _Vector = (r + x) / (alpha + age) * stayed
        return expected

    def _log_alive_and_left(
        self, x: _Vector, t_x: _Vector, age: _Vector
    ) -> tuple[_Vector, _Vector]:
        """Log likelihood of the orders with a customer still there at T, or gone since t_x.

        Given both rates they are lambda^x exp(-(lambda + mu) T) and the integral over the time of
        leaving tau in (t_x, T] of lambda^x mu exp(-(lambda + mu) tau); the gammas turn each
        exp(-lambda tau) into (1 + tau / alpha)^-(r + x) and each exp(-mu tau) into
        (1 + tau / beta)^-s.
        """
        r, alpha, s, beta = self
        orders = gammaln(r + x) - gammaln(r) - x * np.log(alpha)
        log_alive = orders - (r + x) * np.log1p(age / alpha) - s * np.log1p(age / beta)
        gone = _decayed_time((alpha + t_x, r + x), (beta + t_x, s + 1.0), age - t_x)
        log_left = orders - (r + x) * np.log1p(t_x / alpha) - (s + 1.0) * np.log1p(t_x / beta)
        log_left += np.log(s / beta) + np.log(np.maximum(gone, np.finfo(np.float64).tiny))
        return log_alive, log_left


class ParetoNBD(BuyTillYouDie):
    """Pareto/NBD by maximum likelihood; order days count once."""

    name: ClassVar[str] = "pareto_nbd"
    parameters: ParetoNBDParameters
    _model = ParetoNBDParameters
    _log_bounds = ((-9.0, 9.0),) * 4
    _is_time = (False, True, False, True)


def _decayed_time(
    first: tuple[_Vector, _Vector | float], second: tuple[_Vector, _Vector | float], length: _Vector
) -> _Vector:
    """Integral over t in [0, length) of (1 + t / a)^-p (1 + t / b)^-q, for pairs (a, p), (b, q).

    With t = c (e^u - 1) and c the smaller of a and b, the logarithm of the integrand is concave
    in u and smooth on the scale of one, or of its decay where that is faster: Gauss-Legendre on
    panels of u, as far as anything is left. Arguments are broadcast; a, b > 0.
    """
    (a, p), (b, q) = first, second
    c = np.minimum(a, b)
    decay = p * c / a + q * c / b - 1.0  # of the integrand per u at its start: later it is faster
    reach = np.minimum(np.log1p(length / c), _DECAYED / np.maximum(decay, 1e-9))
    panels = max(1, int(np.ceil(reach.max(initial=0.0) / _PANEL)))
    total = np.zeros(reach.shape)
    for panel in range(panels):
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            u = reach * (panel + (node + 1.0) / 2.0) / panels
            t = c * np.expm1(u)
            total += weight * np.exp(u - p * np.log1p(t / a) - q * np.log1p(t / b))
    return total * c * reach / (2.0 * panels)
