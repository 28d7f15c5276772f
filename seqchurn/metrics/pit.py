"""Where what happened lies in the predicted distributions -> are they right as a whole?

If a model is right, the probability integral transform F(wait), the predicted probability of an
order up to the time at which it came, is spread evenly over [0, 1] (Dawid 1984). On a grid the
order lies in a step and F jumps over an interval: the value is drawn from it (Smith 1985). A
wait still open at the end of the log lies somewhere above its F there, and is drawn from what is
left. Everything is conditioned on the quiet time, because predictions at a cutoff are.
Shapes: B customers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seqchurn.metrics.inputs import checked_steps

__all__ = ["kolmogorov_smirnov", "randomised_pit"]


def randomised_pit(
    before: npt.ArrayLike, through: npt.ArrayLike, observed: npt.ArrayLike, *, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Probability integral transform of each wait, shape (B,), in [0, 1].

    Values near 0 are orders that came sooner than predicted, near 1 later.

    Args:
        before: Probability of an order from the cutoff to the start of the observed step, or to
            the end of the log, shape (B,).
        through: The same to the end of the observed step, shape (B,); not read where censored.
        observed: True if the order came, False if censored, shape (B,).
        seed: Of the draws.

    Raises:
        ValueError: If the arrays do not fit together or hold no probabilities.
    """
    low, high, _ = checked_steps(before, through, observed)
    drawn: npt.NDArray[np.float64] = low + (high - low) * np.random.default_rng(seed).random(
        low.size
    )
    return drawn


def kolmogorov_smirnov(pit: npt.ArrayLike) -> float:
    """Largest distance of the distribution of values from the even one: lower is better.

    In [0, 1]; chance alone keeps it at about 0.87 / sqrt(B) for a perfect model.

    >>> kolmogorov_smirnov([0.25, 0.75])
    0.25
    """
    values = np.sort(np.asarray(pit, dtype=np.float64))
    ranks = np.arange(values.size + 1) / values.size
    return float(np.maximum(ranks[1:] - values, values - ranks[:-1]).max())
