"""Repeat orders, recency and age -> BG/NBD: gamma order rates, and leaving after an order.

Customers order as Poisson with rate lambda ~ Gamma(r, alpha), and after each repeat order leave
for good with probability p ~ Beta(a, b). Fader, Hardie & Lee, "Counting your customers the easy
way: an alternative to the Pareto/NBD model", Marketing Science 24 (2005), equation numbers from
there. x, t_x, T and shapes as in `buy_till_you_die`.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln

from seqchurn.baselines.buy_till_you_die import BuyTillYouDie

__all__ = ["BGNBD", "BGNBDParameters"]

_Vector = npt.NDArray[np.float64]
_TERMS = 20_000


class BGNBDParameters(NamedTuple):
    """Shape and rate of the gamma of order rates (`alpha` in units of time), and of the beta."""

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
        """Log likelihood of each customer, shape (B,), eq. 6 in logs: higher is likelier."""
        r, alpha, a, b = self
        orders = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
        stayed = betaln(a, b + x) - betaln(a, b)
        # alive or left: log(1 + odds of having left), the latter zero without a repeat order
        total: _Vector = orders + stayed + np.logaddexp(0.0, -self.alive_logit(x, t_x, age))
        return total

    def alive_logit(self, x: _Vector, t_x: _Vector, age: _Vector) -> _Vector:
        """Log odds that a customer is still one, shape (B,); without a repeat order infinite.

        P(alive) = 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x)) for x > 0, from
        the two terms of eq. 6 (Fader, Hardie & Lee 2008, "Computing P(alive) using the BG/NBD
        model").
        """
        r, alpha, a, b = self
        quiet = np.log1p((age - t_x) / (alpha + t_x))
        left = np.log(a) - np.log(np.maximum(b + x - 1.0, b)) + (r + x) * quiet
        return np.where(x > 0, -left, np.inf)

    def order_if_alive(self, x: _Vector, age: _Vector, horizon: _Vector) -> _Vector:
        """Probability of an order within a horizon of customers who have not left, (B, H).

        Lambda is Gamma(r + x, alpha + T) then; no order in H has the mean of exp(-lambda H).
        """
        within: _Vector = -np.expm1(-(self.r + x) * np.log1p(horizon / (self.alpha + age)))
        return within

    def orders_if_alive(self, x: _Vector, age: _Vector, horizon: _Vector) -> _Vector:
        """Expected orders within a horizon of customers who have not left, shape (B, H).

        Eq. 10 without P(alive). Its 2F1(r + x, b + x; a + b + x - 1; z), z = H / (alpha + T + H),
        is by Euler's transformation (1 - z)^(a - 1 - r - x) times
        2F1(a + b - 1 - r, a - 1; a + b + x - 1; z): the large powers cancel and what is left is
        summed term by term, once for customers who are alike.
        """
        alike = np.stack([values.ravel() for values in np.broadcast_arrays(x, age, horizon)])
        (x, age, within), which = np.unique(alike, axis=1, return_inverse=True)  # (N,) each
        r, alpha, a, b = self
        a += 1e-7 if abs(a - 1.0) < 1e-7 else 0.0  # the limit at a = 1 is a logarithm
        top = a + b + x - 1.0
        top = np.where(np.abs(top) < 1e-7, 1e-7, top)
        z = within / (alpha + age + within)
        term = np.exp((a - 1.0) * np.log1p(-z))
        total = term.copy()
        for n in range(_TERMS):
            term = term * (a + b - 1.0 - r + n) * (a - 1.0 + n) / ((top + n) * (n + 1.0)) * z
            total += term
            if (np.abs(term) <= 1e-13 * np.abs(total)).all():
                break
        expected: _Vector = np.maximum(top / (a - 1.0) * (1.0 - total), 0.0)
        return expected[which].reshape(horizon.shape)


class BGNBD(BuyTillYouDie):
    """BG/NBD by maximum likelihood; order days count once."""

    name: ClassVar[str] = "bgnbd"
    parameters: BGNBDParameters
    _model = BGNBDParameters
    # with r = 33 or a = b = 148 customers are as good as alike, and beyond them the series of
    # expected orders would lose its digits
    _log_bounds = ((-9.0, 3.5), (-9.0, 9.0), (-9.0, 5.0), (-9.0, 5.0))
    _is_time = (False, True, False, False)
