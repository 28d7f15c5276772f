"""Probabilities of an order and whether it came -> one number each.

All take `probability` and `outcome` of shape (B,), B >= 1 customers: the predicted probability of
an order in a window, and True where the order came.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.inputs import checked_pair

__all__ = ["accuracy", "auc", "base_rate", "brier", "log_loss", "log_losses"]

_SMALLEST = 1e-6
"""Probabilities are moved this far inside (0, 1) before a logarithm."""


def auc(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> float:
    """Area under the ROC curve: higher is better, 0.5 is chance.

    The share of pairs of one customer who ordered and one who did not in which the first has the
    higher probability; ties count one half (Mann-Whitney; Hanley & McNeil 1982).

    Returns:
        A number in [0, 1], or NaN where all customers ordered, or none.

    >>> auc([0.1, 0.4, 0.4, 0.8], [False, False, True, True])
    0.875
    """
    predicted, came = checked_pair(probability, outcome)
    positives = int(came.sum())
    negatives = came.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, group, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    mid_rank = np.cumsum(counts) - (counts - 1) / 2  # from 1; ties share their mean rank
    rank_sum = float(mid_rank[group][came].sum())
    return (rank_sum - positives * (positives + 1) / 2) / positives / negatives


def log_loss(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> float:
    """Mean negative log likelihood in nats: lower is better, log 2 is a coin.

    Probabilities nearer than 1e-6 to 0 or 1 are moved to there: one certain prediction that
    failed costs 14 nats and not infinity, and does not decide the mean of thousands.
    """
    return float(log_losses(probability, outcome).mean())


def log_losses(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """What each customer adds to the log-loss, shape (B,)."""
    predicted, came = checked_pair(probability, outcome)
    inside = np.clip(predicted, _SMALLEST, 1.0 - _SMALLEST)
    return -np.where(came, np.log(inside), np.log1p(-inside))


def brier(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> float:
    """Mean squared error of the probability: lower is better, in [0, 1] (Brier 1950)."""
    predicted, came = checked_pair(probability, outcome)
    return float(np.square(predicted - came).mean())


def accuracy(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> float:
    """Share of customers on the right side of 0.5, which itself predicts an order.

    Higher is better; compare with the larger of the base rate and its complement.
    """
    predicted, came = checked_pair(probability, outcome)
    return float(((predicted >= 0.5) == came).mean())


def base_rate(probability: npt.ArrayLike, outcome: npt.ArrayLike) -> float:
    """Share of customers who ordered; the probability is only checked."""
    _, came = checked_pair(probability, outcome)
    return float(came.mean())
