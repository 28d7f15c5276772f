"""Waits of several models -> their equal mixture: any of them may be right.

Probabilities are averaged, which takes off what each model made of chance in its data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from seqchurn.waits.wait import LONGEST_DAYS, SHORTEST_DAYS, Wait

__all__ = ["MeanWait"]


class MeanWait(Wait):
    """The equal mixture of waits.

    Conditioned on quiet time it is a mixture no longer equal: who foresaw the quiet gains weight.
    To average what models say given the quiet time, mix their conditional waits.

    Args:
        waits: Of one batch shape, at least one.
    """

    def __init__(self, waits: Sequence[Wait]) -> None:
        self.waits = waits

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        return self._log_mean(lambda wait: wait.log_survival(days)).clamp(max=0.0)

    def log_density(self, days: Tensor) -> Tensor:
        """Log density of the wait, per day."""
        return self._log_mean(lambda wait: wait.log_density(days))

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end)."""
        return self._log_mean(lambda wait: wait.log_interval(start, end)).clamp(max=0.0)

    @property
    def log_never(self) -> Tensor:
        """Log P(wait = inf)."""
        return self._log_mean(lambda wait: wait.log_never).clamp(max=0.0)

    @torch.no_grad()
    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival: it lies between the days of the waits that are mixed."""
        each = torch.stack([wait.days_at(log_survival) for wait in self.waits])  # (waits, ...)
        low, high = each.clamp(SHORTEST_DAYS, LONGEST_DAYS).aminmax(dim=0)
        return self._days_between(low, high, log_survival.expand_as(low))

    def _log_mean(self, read: Callable[[Wait], Tensor]) -> Tensor:
        """Log of the mean over the waits of exp(read)."""
        each = torch.stack([read(wait) for wait in self.waits])
        return torch.logsumexp(each, dim=0) - math.log(len(self.waits))
