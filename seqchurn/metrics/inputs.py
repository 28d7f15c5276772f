"""Arrays as callers hold them -> checked float64 probabilities and boolean outcomes.

Every metric passes its arguments through here, so that a wrong shape, an empty cohort or a NaN
fails with one message instead of becoming a plausible number. Shapes: B customers, T times.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "checked_outcomes",
    "checked_pair",
    "checked_probabilities",
    "checked_steps",
    "checked_survival",
    "checked_waits",
]


def checked_probabilities(
    values: npt.ArrayLike, name: str = "probability"
) -> npt.NDArray[np.float64]:
    """A non-empty vector of probabilities, shape (B,).

    Raises:
        ValueError: If it is not one-dimensional, is empty, or leaves [0, 1] anywhere.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}; expected (B,) with at least one customer"
        )
    outside = ~((array >= 0.0) & (array <= 1.0))  # True for NaN, too
    if outside.any():
        raise ValueError(
            f"{name} has {outside.sum()} of {array.size} values outside [0, 1], "
            f"the first is {array[outside][0]}"
        )
    return array


def checked_outcomes(
    values: npt.ArrayLike, size: int, name: str = "outcome"
) -> npt.NDArray[np.bool_]:
    """A vector of outcomes as booleans, shape (B,) with B = `size`.

    Raises:
        ValueError: If its shape is not (size,), or it holds anything but 0 and 1.
    """
    array = np.asarray(values)
    if array.shape != (size,):
        raise ValueError(
            f"{name} has shape {array.shape}; expected ({size},), as the probabilities"
        )
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} must hold nothing but 0 and 1 (or False and True)")
    return array.astype(np.bool_)


def checked_pair(
    probability: npt.ArrayLike, outcome: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Probabilities and the outcomes they predicted, both of shape (B,)."""
    checked = checked_probabilities(probability)
    return checked, checked_outcomes(outcome, checked.size)


def checked_survival(
    survival: npt.ArrayLike, times: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Survival curves, shape (B, T), and their rising times, shape (T,).

    Raises:
        ValueError: If the shapes differ, a value is no probability, or times do not rise.
    """
    curves = np.asarray(survival, dtype=np.float64)
    grid = np.asarray(times, dtype=np.float64)
    if curves.ndim != 2 or curves.shape[0] == 0 or curves.shape[1:] != grid.shape:
        raise ValueError(
            f"survival has shape {curves.shape} and times {grid.shape}; expected (B, T) and (T,) "
            "with at least one customer"
        )
    if not ((curves >= 0.0) & (curves <= 1.0)).all():
        raise ValueError("survival has values outside [0, 1]")
    if not (np.diff(grid) > 0.0).all():
        raise ValueError("times must rise")
    return curves, grid


def checked_waits(
    days: npt.ArrayLike, observed: npt.ArrayLike, size: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Lengths of waits in days and whether they ended with an order, both of shape (`size`,).

    Raises:
        ValueError: If a shape differs or a wait is negative or NaN.
    """
    length = np.asarray(days, dtype=np.float64)
    if length.shape != (size,) or not (length >= 0.0).all():
        raise ValueError(f"days has shape {length.shape}; expected ({size},), all >= 0")
    return length, checked_outcomes(observed, size, "observed")


def checked_steps(
    before: npt.ArrayLike, through: npt.ArrayLike, observed: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Where what happened lies in the predicted distribution: (low, high, observed), shape (B,).

    An order lies between the probabilities of one before its step and of one through it; a wait
    still open between the probability of an order before the end of the log and one.

    Args:
        before: Probability of an order from the cutoff to the start of the observed step, or to
            the end of the log, shape (B,).
        through: The same to the end of the observed step, shape (B,); not read where censored.
        observed: True if the order came, False if censored, shape (B,).

    Raises:
        ValueError: If shapes differ, there are no customers, or a value is no probability.
    """
    low = checked_probabilities(before, "before")
    past = checked_probabilities(through, "through")
    came = checked_outcomes(observed, low.size, "observed")
    if past.size != low.size:
        raise ValueError(f"through has shape {past.shape}; expected {low.shape}, as before")
    return low, np.maximum(low, np.where(came, past, 1.0)), came  # rounding may turn them round
