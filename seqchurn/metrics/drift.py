"""Two groups of customers or events -> how far the second is from the first.

For what is looked at every night: has the input changed, have the scores? Both are 0 where nothing
has moved.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["population_stability", "quantile_counts", "two_sample_distance"]


def population_stability(before: npt.ArrayLike, now: npt.ArrayLike) -> float:
    """Population stability index of counts in the same classes: higher is farther.

    Sum over classes of (q - p) log(q / p), which is the relative entropy in both directions
    (Jeffreys 1946, eq. 1). Half an event is added to each class, so that a class that is empty
    on one side counts for what can be known of it. By custom, below .1 is nothing, above .25 a lot.

    Args:
        before: Counts, shape (K,), their sum above zero.
        now: Counts in the same classes, shape (K,), their sum above zero.
    """
    counts = np.stack([np.asarray(before, np.float64), np.asarray(now, np.float64)]) + 0.5
    p, q = counts / counts.sum(axis=1, keepdims=True)
    return float(((q - p) * np.log(q / p)).sum())


def quantile_counts(
    before: npt.ArrayLike, now: npt.ArrayLike, *, bins: int = 10
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Counts of two samples between the quantiles of the first; NaN is a class of its own.

    Args:
        before: Shape (B,).
        now: Shape (C,).
        bins: Between as many quantiles of the numbers of `before`, fewer where these are tied.

    Returns:
        Counts of `before` and of `now`, each shape (K,), NaN last.
    """
    samples = [np.asarray(sample, dtype=np.float64) for sample in (before, now)]
    numbers = [sample[~np.isnan(sample)] for sample in samples]
    levels = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    edges = np.unique(np.quantile(numbers[0], levels)) if numbers[0].size else np.empty(0)
    first, second = (
        np.append(
            np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1),
            len(sample) - len(known),
        )
        for sample, known in zip(samples, numbers, strict=True)
    )
    return first, second


def two_sample_distance(before: npt.ArrayLike, now: npt.ArrayLike) -> float:
    """Largest distance of two empirical distributions, in [0, 1]: higher is farther.

    The statistic of the two-sample test of Smirnov (1939). On large groups the test refuses any
    difference, which is why its p-value is not told.

    Args:
        before: Finite numbers, shape (B,), B > 0.
        now: Finite numbers, shape (C,), C > 0.
    """
    one, other = np.sort(np.asarray(before, np.float64)), np.sort(np.asarray(now, np.float64))
    places = np.concatenate([one, other])
    shares = [np.searchsorted(s, places, side="right") / len(s) for s in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())
