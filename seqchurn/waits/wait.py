"""The contract of a wait: the distribution of the days until the next order.

A head makes one for every landmark; probabilities at any horizon, dates and likelihoods are
readings of it. Everything is kept in log space and in float64, because intervals of one second
after a hundred days vanish in float32. A wait may last forever: with a never mass, survival does
not fall to zero.

Shapes: a wait has a batch shape, such as (B, L); `days` broadcasts with it, so that days of shape
(H, B, L) read every wait at H points.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from seqchurn.waits.inverse import falls_to_zero

__all__ = [
    "LONGEST_DAYS",
    "SHORTEST_DAYS",
    "ConditionalWait",
    "Wait",
    "log1mexp",
    "log_days",
    "log_ratio",
]

SHORTEST_DAYS, LONGEST_DAYS = 1e-9, 1e12
"""Reach of `days_at`: a wait that is over at once takes the one, one beyond the other is inf."""

NARROW = 1e-3
"""Intervals narrower than this share of their end are read off the density."""

_ZERO, _ENDLESS = 1e-100, 1e300  # finite in place of 0 and inf: nobody has ordered; everybody has


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


def log_days(days: Tensor) -> Tensor:
    """Logarithm of days >= 0 in float64, finite also for 0 and inf."""
    return days.double().clamp(_ZERO, _ENDLESS).log()


def log_ratio(start: Tensor, end: Tensor) -> Tensor:
    """log(end / start) for 0 <= start < end, finite, and exact however close the two are."""
    end = end.double().clamp(max=_ENDLESS)
    close = start > 0.5 * end
    share = torch.where(close, (end - start) / end, 0.5)
    return torch.where(close, -torch.log1p(-share), log_days(end) - log_days(start))


class Wait(ABC):
    """The distribution of a positive wait, in days; inf for a customer who never orders."""

    @abstractmethod
    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days) for days >= 0; falls with days."""

    @abstractmethod
    def log_density(self, days: Tensor) -> Tensor:
        """Log density of the wait at days > 0, per day."""

    @property
    def log_never(self) -> Tensor:
        """Log P(wait = inf), batch shape; what survival falls to. -inf for most waits."""
        return torch.full_like(self.log_survival(torch.zeros(())), -math.inf)

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end) for 0 <= start < end, in days; log survival if end is inf.

        The difference of survivals, or density times width where the interval is narrower than
        a thousandth of its end: there the difference would be rounding noise. Heads that know a
        form without cancellation, exact at any width, give that.
        """
        end = end.clamp(max=_ENDLESS)
        width = end - start
        survived = self.log_survival(start)
        difference = survived + log1mexp(survived - self.log_survival(end))
        narrow = self.log_density(0.5 * (start + end)) + width.log()
        mass = torch.where(width < NARROW * end, narrow, difference)
        return torch.where(end < _ENDLESS, mass, survived)

    def given_quiet(self, survived_days: Tensor) -> Wait:
        """The same wait, known to be longer than `survived_days`."""
        return ConditionalWait(self, survived_days)

    @torch.no_grad()
    def days_at(self, log_survival: Tensor) -> Tensor:
        """The days at which log P(wait > days) has fallen to a value: the inverse of survival.

        Exact to a relative 1e-9; inf where survival stays above the value, beyond 1e12 days or
        forever.
        """
        shortest = torch.full_like(log_survival.double(), SHORTEST_DAYS)
        return self._days_between(shortest, torch.full_like(shortest, LONGEST_DAYS), log_survival)

    def _days_between(self, shortest: Tensor, longest: Tensor, log_survival: Tensor) -> Tensor:
        """The inverse of survival, sought between days within reach; all of one shape.

        Sought where the log odds of being over cross those of the value: they are nearly straight
        lines in log days, whatever the wait.
        """
        wanted = log_survival - log1mexp(-log_survival)

        def read(point: Tensor) -> tuple[Tensor, Tensor]:
            days = point.exp()
            alive, density = self.log_survival(days), self.log_density(days)
            over = self.log_interval(torch.zeros_like(days), days)
            return alive - over - wanted, -(density + point - over - alive).exp()

        low, high = shortest.log(), longest.log()
        days = falls_to_zero(read, low, 0.5 * (low + high), high).exp()
        beyond = self.log_survival(torch.full_like(days, LONGEST_DAYS)) > log_survival
        return torch.where(beyond, math.inf, days)

    def quantile(self, probability: Tensor) -> Tensor:
        """Days within which the order comes with this probability, in (0, 1); float64.

        Inf where it exceeds the probability that an order ever comes.
        """
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

    @property
    def log_never(self) -> Tensor:
        """Log P(wait = inf | wait > survived_days): grows with the quiet time."""
        return self.wait.log_never - self.log_survived

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days | wait > survived_days); zero up to the survived part."""
        return self.wait.log_survival(torch.maximum(days, self.survived_days)) - self.log_survived

    def log_density(self, days: Tensor) -> Tensor:
        """Log density given the survived part; -inf within it."""
        inside = days <= self.survived_days
        later = torch.where(inside, self.survived_days + 1.0, days)
        return torch.where(inside, -math.inf, self.wait.log_density(later) - self.log_survived)

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log mass of what of the interval lies beyond the survived part; -inf if nothing does."""
        inside = end <= self.survived_days
        later = torch.where(inside, self.survived_days + 1.0, end)
        mass = self.wait.log_interval(torch.maximum(start, self.survived_days), later)
        return torch.where(inside, -math.inf, mass - self.log_survived)

    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival, found on the whole wait."""
        days = self.wait.days_at(log_survival + self.log_survived)
        return torch.maximum(days, self.survived_days)
