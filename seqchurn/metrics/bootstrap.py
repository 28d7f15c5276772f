"""Predictions of two models -> how far the difference of their scores can be trusted.

The bootstrap of Efron (1979) over customers: B customers are drawn from B with replacement, R
times. A resample is how often it holds each customer, and the same resamples are used for all
models, so that what makes a draw of customers easy or hard cancels in differences.
Shapes: B customers, R resamples, S seeds, K columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.binary import auc, log_losses
from seqchurn.metrics.inputs import checked_pair

__all__ = [
    "Difference",
    "Resamples",
    "ResampledScore",
    "resampled_auc",
    "resampled_log_loss",
    "resampled_means",
    "draw_resamples",
]

Resamples = npt.NDArray[np.uint8]
"""How often each resample holds each customer, shape (B, R); columns sum to B."""

_AT_ONCE = 64
"""Resamples looked at together: what they need stays in the cache of a processor."""


@dataclass(frozen=True)
class Difference:
    """A score less another, with its 95 % bootstrap interval (percentiles).

    Args:
        value: Of the customers as they are.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ResampledScore:
    """A score of the customers as they are, and of each resample.

    Args:
        value: Of the customers as they are; NaN where it does not exist.
        drawn: Of each resample, shape (R,); NaN where it does not exist.
    """

    value: float
    drawn: npt.NDArray[np.float64]

    def __sub__(self, other: ResampledScore) -> Difference:
        """This score less the other; resamples without either score are left out."""
        drawn = self.drawn - other.drawn
        drawn = drawn[~np.isnan(drawn)]
        ends = np.quantile(drawn, (0.025, 0.975)) if drawn.size else (np.nan, np.nan)
        return Difference(self.value - other.value, float(ends[0]), float(ends[1]))


def draw_resamples(customers: int, *, number: int, seed: int) -> Resamples:
    """Draw customers with replacement, as often as there are customers; shape (B, R)."""
    rng = np.random.default_rng(seed)
    counts = np.empty((number, customers), dtype=np.uint8)
    for row in counts:
        drawn = rng.integers(0, customers, customers, dtype=np.int32)
        row[:] = np.bincount(drawn, minlength=customers)
    return np.ascontiguousarray(counts.T)


def resampled_means(values: npt.ArrayLike, drawn: Resamples) -> npt.NDArray[np.float64]:
    """Means of columns over the customers of each resample, (B, K) to shape (R, K)."""
    columns = np.asarray(values, dtype=np.float64)
    means = [counts.T.astype(np.float64) @ columns for counts in _parts(drawn)]
    return np.concatenate(means) / len(columns)


def resampled_log_loss(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, drawn: Resamples
) -> ResampledScore:
    """Log-loss in nats, see `seqchurn.metrics.log_loss`: lower is better.

    Args:
        probability: Of an order, shape (B,), or (S, B) for several seeds of one model, whose
            losses are averaged per customer.
        outcome: True where the order came, shape (B,).
        drawn: The resamples, shape (B, R).
    """
    losses = np.mean([log_losses(p, outcome) for p in np.atleast_2d(probability)], axis=0)
    return ResampledScore(float(losses.mean()), resampled_means(losses[:, None], drawn)[:, 0])


def resampled_auc(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, drawn: Resamples
) -> ResampledScore:
    """Area under the ROC curve, see `seqchurn.metrics.auc`: higher is better.

    Args:
        probability: Of an order, shape (B,), or (S, B) for several seeds of one model, whose
            areas are averaged.
        outcome: True where the order came, shape (B,).
        drawn: The resamples, shape (B, R).
    """
    seeds = np.atleast_2d(probability)
    areas = np.mean([_resampled_areas(p, outcome, drawn) for p in seeds], axis=0)
    return ResampledScore(float(np.mean([auc(p, outcome) for p in seeds])), areas)


def _resampled_areas(
    probability: npt.ArrayLike, outcome: npt.ArrayLike, drawn: Resamples
) -> npt.NDArray[np.float64]:
    """The area of each resample, shape (R,); NaN where all or none of its customers ordered."""
    predicted, came = checked_pair(probability, outcome)
    rank = np.argsort(predicted[~came])
    below, ordered = predicted[~came][rank], np.flatnonzero(came)
    others = np.flatnonzero(~came)[rank]  # without an order, by rising probability
    first = np.searchsorted(below, predicted[ordered], side="left")
    last = np.searchsorted(below, predicted[ordered], side="right")
    return np.concatenate([_areas(c, ordered, others, first, last) for c in _parts(drawn)])


def _areas(
    counts: Resamples,
    ordered: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Areas of some resamples: pairs in which who ordered ranks above who did not, ties by half.

    Those who ordered rank above the first `first` of `others`, and are tied up to `last`.
    """
    lower = np.zeros((others.size + 1, counts.shape[1]), dtype=np.int32)
    np.cumsum(counts[others], axis=0, dtype=np.int32, out=lower[1:])  # others up to each rank
    weight = counts[ordered]
    won = np.einsum("br,br->r", weight, lower[first] + lower[last], dtype=np.float64) / 2
    pairs = weight.sum(axis=0, dtype=np.float64) * lower[-1]
    areas = np.full(pairs.shape, np.nan)
    np.divide(won, pairs, out=areas, where=pairs > 0)
    return areas


def _parts(drawn: Resamples) -> Iterator[Resamples]:
    """The resamples, some at a time."""
    for start in range(0, drawn.shape[1], _AT_ONCE):
        yield np.ascontiguousarray(drawn[:, start : start + _AT_ONCE])
