"""The contract of a wait: the distribution of the days until the next order.

A head makes one for every landmark; probabilities at any horizon, dates and likelihoods are
readings of it. Everything is kept in log space and in float64, because intervals of one second
after a hundred days vanish in float32.

Shapes: a wait has a batch shape, such as (B, L); `days` broadcasts with it, so that days of shape
(H, B, L) read every wait at H points.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

__all__ = ["ConditionalWait", "Wait", "log1mexp"]

NARROW = 1e-3
"""Intervals narrower than this share of their end are read off the density."""

_LOG_SHORTEST, _LOG_LONGEST = math.log(1e-9), math.log(1e12)
_BISECTIONS = 80


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(-x)) for x > 0, exact at both ends (Maechler 2012, eq. 7).

    >>> log1mexp(torch.tensor(1e-12, dtype=torch.float64)).item()  # doctest: +ELLIPSIS
    -27.631...
    """
    x = x.clamp(min=1e-30)
    small = x < math.log(2.0)
    near = torch.log(-torch.expm1(-torch.where(small, x, 1.0)))
    far = torch.log1p(-torch.exp(-torch.where(small, 1.0, x)))
    return torch.where(small, near, far)


class Wait(ABC):
    """The distribution of a positive wait, in days."""

    @abstractmethod
    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days) for days >= 0; falls with days."""

    @abstractmethod
    def log_density(self, days: Tensor) -> Tensor:
        """Log density of the wait at days > 0, per day."""

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end) for 0 <= start < end, in days.

        The difference of survivals, or density times width where the interval is narrower than
        a thousandth of its end: there the difference would be rounding noise.
        """
        width = end - start
        survived = self.log_survival(start)
        difference = survived + log1mexp(survived - self.log_survival(end))
        narrow = self.log_density(0.5 * (start + end)) + width.log()
        return torch.where(width < NARROW * end, narrow, difference)

    def given_quiet(self, survived_days: Tensor) -> Wait:
        """The same wait, known to be longer than `survived_days`."""
        return ConditionalWait(self, survived_days)

    def days_at(self, log_survival: Tensor) -> Tensor:
        """The days at which log P(wait > days) has fallen to a value: the inverse of survival.

        Bisection over the logarithm of days between 1e-9 and 1e12.
        """
        low = torch.full_like(log_survival, _LOG_SHORTEST)
        high = torch.full_like(log_survival, _LOG_LONGEST)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            alive = self.log_survival(middle.exp()) > log_survival
            low = torch.where(alive, middle, low)
            high = torch.where(alive, high, middle)
        return (0.5 * (low + high)).exp()

    def quantile(self, probability: Tensor) -> Tensor:
        """Days within which the order comes with this probability, in (0, 1); float64."""
        return self.days_at(torch.log1p(-probability.double()))


class ConditionalWait(Wait):
    """A wait of which a quiet part has been survived.

    Args:
        wait: The whole wait, batch shape (B, L).
        survived_days: Quiet days already seen, shape (B, L), >= 0.
    """

    def __init__(self, wait: Wait, survived_days: Tensor) -> None:
        self.wait = wait
        self.survived_days = survived_days
        self.log_survived = wait.log_survival(survived_days)

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days | wait > survived_days); zero up to the survived part."""
        return self.wait.log_survival(torch.maximum(days, self.survived_days)) - self.log_survived

    def log_density(self, days: Tensor) -> Tensor:
        """Log density given the survived part; -inf within it."""
        inside = days <= self.survived_days
        later = torch.where(inside, self.survived_days + 1.0, days)
        return torch.where(inside, -math.inf, self.wait.log_density(later) - self.log_survived)

    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival, found on the whole wait."""
        return self.wait.days_at(log_survival + self.log_survived)
