"""Waits, observed and open -> the survival function of Kaplan and Meier (1958).

S(t) = product over times u <= t with an order of (1 - d(u) / n(u)), d the waits that ended at u
and n those that lasted at least to u. Times are whole steps of the grid. Shapes: N waits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["ProductLimit"]


class ProductLimit:
    """Survival function of waits, with a tail beyond the longest wait seen.

    The estimate itself ends at the longest wait: flat if it was censored, zero if it was not, and
    either would make conditional probabilities 0, 1 or undefined. From there on S therefore falls
    as a power of time, like waits of customers of many rates do: the exponent is the maximum
    likelihood of a Pareto tail over the second half of the reach (Hill 1975, with censoring), with
    half an order more, which keeps it positive without any. A drop to zero at the longest wait is
    left to that tail. S is thus positive everywhere, and 1 - S(e + H) / S(e) defined for every e.

    Args:
        steps: Length of each wait in steps, shape (N,), >= 0.
        observed: True if the order came, False if the wait is open, shape (N,).
        smooth: Whether log S falls in a line between times with an order, so that no step in
            between is impossible, and not at these times only, as the estimate itself does.
    """

    def __init__(
        self, steps: npt.NDArray[np.int64], observed: npt.NDArray[np.bool_], *, smooth: bool = False
    ) -> None:
        """Estimate the curve and its tail."""
        self._smooth = smooth
        self.times, self.survival = _estimate(steps, observed)
        positive = self.survival > 0.0
        self._times = self.times[positive]
        self._log_survival = np.log(np.append(1.0, self.survival[positive]))
        reach = steps.max(initial=0)
        self._reach = reach if positive.all() else self.times[-1] - 1
        late = np.log1p(steps) - np.log1p(reach / 2)  # log time waited in the second half
        orders = (observed & (late > 0)).sum()
        self._exponent = (orders + 0.5) / (np.maximum(late, 0.0).sum() + 1.0)

    def log_survival(self, steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Log probability that a wait is longer than `steps`, of any shape, always finite."""
        whole = np.floor(steps + 1e-6)  # horizons between two steps reach the earlier one
        value = self._log_survival[np.searchsorted(self._times, whole, side="right")]
        if self._smooth:
            value = np.interp(whole, np.append(0, self._times), self._log_survival)
        beyond = np.maximum(np.log1p(whole) - np.log1p(self._reach), 0.0)
        log_survival: npt.NDArray[np.float64] = value - self._exponent * beyond
        return log_survival

    def probability(
        self, survived: npt.NDArray[np.float64], horizon: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Probability 1 - S(survived + horizon) / S(survived) of an order, both in steps."""
        gained = self.log_survival(survived + horizon) - self.log_survival(survived)
        return -np.expm1(gained)


def _estimate(
    steps: npt.NDArray[np.int64], observed: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Times with an order, shape (K,) ascending, and survival just after each, shape (K,)."""
    times, orders = np.unique(steps[observed], return_counts=True)
    at_risk = steps.size - np.searchsorted(np.sort(steps), times, side="left")
    survival = np.cumprod(1.0 - orders / at_risk, dtype=np.float64)
    return times, survival
