"""Arrays as callers hold them -> checked float64 probabilities and boolean outcomes.

Every metric passes its arguments through here, so that a wrong shape, an empty cohort or a NaN
fails with one message instead of becoming a plausible number. Shapes: B customers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["checked_outcomes", "checked_pair", "checked_probabilities"]


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
