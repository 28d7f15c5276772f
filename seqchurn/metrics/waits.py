"""Predicted probabilities around the observed wait -> censored log-likelihood.

On a grid, what happened to a customer after the cutoff is an interval: the order fell in one
step, or none fell before the end of the log. Any model that answers "an order within H?" for
every H gives the probability of that interval as a difference, whatever its own form.
Shapes: B customers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.inputs import checked_steps

__all__ = ["MASS_FLOOR", "LogLikelihood", "censored_log_likelihood"]

MASS_FLOOR = 1e-12
"""Smallest probability a customer can count with: one absurd case must not decide a mean."""


@dataclass(frozen=True)
class LogLikelihood:
    """How likely what happened was.

    Args:
        mean: Nats per customer: higher (closer to zero) is better.
        floored: Customers whose probability was raised to `MASS_FLOOR`: lower is better.
    """

    mean: float
    floored: int


def censored_log_likelihood(
    before: npt.ArrayLike, through: npt.ArrayLike, observed: npt.ArrayLike
) -> LogLikelihood:
    """Mean log probability of the step in which the order fell, or of none before the end.

    A customer who ordered adds log(through - before), one who did not adds log(1 - before).

    Args:
        before: Probability of an order from the cutoff to the start of the observed step, or to
            the end of the log, shape (B,).
        through: The same to the end of the observed step, shape (B,); not read where censored.
        observed: True if the order came, False if censored, shape (B,).

    Returns:
        The mean over customers and the number of floored ones.

    Raises:
        ValueError: If shapes differ, there are no customers, or a value is no probability.
    """
    low, high, _ = checked_steps(before, through, observed)
    mass = high - low
    floored = int((mass < MASS_FLOOR).sum())
    return LogLikelihood(float(np.log(np.maximum(mass, MASS_FLOOR)).mean()), floored)
