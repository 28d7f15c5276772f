"""Probabilities and outcomes -> how far the one can be taken for the frequency of the other.

Customers are sorted by probability into bins of equal count. Equal probabilities always share a
bin, so that the order of the rows changes nothing; with many ties bins are therefore unequal, and
the ones left empty are left out. Shapes: B customers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.metrics.inputs import checked_pair, checked_probabilities

__all__ = [
    "NORMAL_95",
    "calibration_error_by_chance",
    "expected_calibration_error",
    "reliability_curve",
]

NORMAL_95 = 1.959963984540054
"""Standard deviations from the mean to either end of a 95 % interval of a normal number."""


def expected_calibration_error(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, *, bins: int = 10
) -> float:
    """Mean distance of mean probability and frequency over the bins: lower is better.

    ECE of Naeini, Cooper & Hauskrecht (2015), eq. 3, weighted by the customers of a bin, over
    bins of equal count. Chance alone keeps it above zero: about 0.4 / sqrt(B / bins) for a
    perfect model that says one half of everybody; `calibration_error_by_chance` says of any.

    Args:
        probability: Predicted probability of an order, shape (B,).
        outcome: True where the order came, shape (B,).
        bins: Number of bins, >= 1.
    """
    curve = reliability_curve(probability, outcome, bins=bins)
    n = curve["n"].to_numpy()
    gaps = np.abs(curve["predicted"].to_numpy() - curve["observed"].to_numpy())
    return float((n * gaps).sum() / n.sum())


def calibration_error_by_chance(probability: npt.ArrayLike, *, bins: int = 10) -> float:
    """What `expected_calibration_error` is in the mean if every probability is true.

    Orders in a bin then have the variance sum p (1 - p), and a normal number lies sqrt(2 / pi)
    standard deviations from its mean, in the mean.

    Args:
        probability: Predicted probability of an order, shape (B,).
        bins: Number of bins, >= 1.

    >>> round(calibration_error_by_chance([0.5] * 100, bins=1), 4)  # sqrt(2 / pi) * 5 / 100
    0.0399
    """
    predicted = checked_probabilities(probability)
    bin_of = _equal_count_bins(predicted, bins)
    variance = np.bincount(bin_of, weights=predicted * (1.0 - predicted))
    return float(np.sqrt(2.0 / np.pi * variance).sum() / predicted.size)


def reliability_curve(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, *, bins: int = 10
) -> pl.DataFrame:
    """Mean probability against observed frequency, per bin of equal count.

    Args:
        probability: Predicted probability of an order, shape (B,).
        outcome: True where the order came, shape (B,).
        bins: Number of bins, >= 1.

    Returns:
        One row per bin with customers, by rising probability: `bin` (from 0), `n`, `predicted`
        (mean probability), `observed` (frequency), `lower`, `upper` (95 % interval of the
        frequency, Wilson 1927).

    Raises:
        ValueError: If there are no bins, or the arrays do not fit together.
    """
    predicted, came = checked_pair(probability, outcome)
    if bins < 1:
        raise ValueError(f"bins is {bins}; expected at least 1")
    bin_of = _equal_count_bins(predicted, bins)
    n = np.bincount(bin_of, minlength=bins)
    used = n > 0
    n = n[used]
    orders = np.bincount(bin_of[came], minlength=bins)[used].astype(np.float64)
    lower, upper = _wilson_interval(orders, n)
    return pl.DataFrame(
        {
            "bin": np.flatnonzero(used),
            "n": n,
            "predicted": np.bincount(bin_of, weights=predicted, minlength=bins)[used] / n,
            "observed": orders / n,
            "lower": lower,
            "upper": upper,
        }
    )


def _equal_count_bins(predicted: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.int64]:
    """Bin of each customer, shape (B,), ties by their middle rank; sizes as of np.array_split."""
    _, group, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts + 1) // 2  # from 0
    size, larger = divmod(predicted.size, bins)
    ends = np.cumsum(np.where(np.arange(bins) < larger, size + 1, size))
    return np.searchsorted(ends, middle_rank, side="right")[group]


def _wilson_interval(
    orders: npt.NDArray[np.float64], n: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """95 % score interval of a frequency (Wilson 1927), inside [0, 1] also at 0 and at n orders."""
    z2 = NORMAL_95**2
    centre = (orders + z2 / 2) / (n + z2)
    half = NORMAL_95 / (n + z2) * np.sqrt(orders * (n - orders) / n + z2 / 4)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
