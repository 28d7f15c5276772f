"""Where what happened lies in the predicted distributions -> shares of ten bins, and their error.

D-calibration of Haider, Hoehn, Davis & Greiner, "Effective ways to build and evaluate individual
survival distributions", Journal of Machine Learning Research 21 (2020), section 3.5: predicted
probabilities at the time of the order fill bins of equal width evenly. A wait still open is spread
evenly over what is left above it, and an order over the step it fell in. The test of the paper
rejects every model on a large log; reported is how far the bins are off. Shapes: B customers,
R resamples, K bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.bootstrap import Resamples, resampled_means
from seqchurn.metrics.inputs import checked_steps

__all__ = ["DCalibration", "d_calibration"]


@dataclass(frozen=True)
class DCalibration:
    """Share of customers in each bin of predicted probability, and how far it is from even.

    Args:
        shares: Shape (K,), summing to one; low bins are orders that came sooner than predicted.
        shares_low: Lower ends of 95 % bootstrap intervals of the shares, shape (K,).
        shares_high: Upper ends, shape (K,).
        deviation: Largest distance of a share from 1 / K: lower is better. Chance alone keeps it
            above zero.
        low: Lower end of the 95 % bootstrap interval of the deviation.
        high: Upper end.
    """

    shares: npt.NDArray[np.float64]
    shares_low: npt.NDArray[np.float64]
    shares_high: npt.NDArray[np.float64]
    deviation: float
    low: float
    high: float


def d_calibration(
    before: npt.ArrayLike,
    through: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    drawn: Resamples,
    bins: int = 10,
) -> DCalibration:
    """Shares of customers over bins of the predicted probability at their wait.

    Args:
        before: Probability of an order from the cutoff to the start of the observed step, or to
            the end of the log, shape (B,).
        through: The same to the end of the observed step, shape (B,); not read where censored.
        observed: True if the order came, False if censored, shape (B,).
        drawn: Bootstrap resamples of the customers, shape (B, R).
        bins: Number of bins of equal width.

    Raises:
        ValueError: If the arrays do not fit together or hold no probabilities.
    """
    low, high, _ = checked_steps(before, through, observed)
    spread = _spread(low, high, bins)  # (B, K)
    shares = spread.mean(axis=0)
    resampled = resampled_means(spread, drawn)  # (R, K)
    shares_low, shares_high = np.quantile(resampled, (0.025, 0.975), axis=0)
    band = np.quantile(np.abs(resampled - 1.0 / bins).max(axis=1), (0.025, 0.975))
    deviation = float(np.abs(shares - 1.0 / bins).max())
    return DCalibration(shares, shares_low, shares_high, deviation, *map(float, band))


def _spread(
    low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], bins: int
) -> npt.NDArray[np.float64]:
    """Share of each interval [low, high] in each bin, shape (B, K), rows summing to one."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    width = (high - low)[:, None]
    below = np.clip((edges - low[:, None]) / np.where(width > 0.0, width, 1.0), 0.0, 1.0)
    below = np.where(width > 0.0, below, edges > low[:, None])  # a point lies in one bin
    below[:, 0], below[:, -1] = 0.0, 1.0
    return np.diff(below, axis=1)
