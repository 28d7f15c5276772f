"""Risks and who was lost -> what it brings to act on the riskiest customers first.

Shapes: B customers, R resamples, K shares.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.metrics.bootstrap import draw_resamples
from seqchurn.metrics.inputs import checked_pair

__all__ = ["gain_curve", "profit_curve"]

_SHARES = np.linspace(0.0, 1.0, 101)
_ENDS = (0.025, 0.975)


def gain_curve(
    risk: npt.ArrayLike, lost: npt.ArrayLike, *, resamples: int = 200, seed: int = 0
) -> pl.DataFrame:
    """Of all who were lost, the share that is among the riskiest: higher is better.

    Customers of one risk are taken in the mean over all orders that they could have.

    Args:
        risk: Probability that a customer is lost, shape (B,).
        lost: True where that happened, shape (B,), of at least one.
        resamples: Bootstrap resamples of customers, for the band.
        seed: Of the resamples.

    Returns:
        `share` of customers, from 0 to 1, the `risk` of the last of them, `gain` and the 95 % band
        `lower` to `upper`.

    Raises:
        ValueError: If risks are no probabilities, shapes differ, or nobody was lost.
    """
    predicted, happened = checked_pair(risk, lost)
    if not happened.any():
        raise ValueError("nobody was lost; expected at least one customer who was")
    found = _caught(predicted, happened, resamples, seed)
    whole = found[:, -1:]
    return _curve("gain", predicted, found / np.where(whole > 0, whole, np.nan))


def profit_curve(
    risk: npt.ArrayLike,
    lost: npt.ArrayLike,
    *,
    cost: float,
    value: float,
    resamples: int = 200,
    seed: int = 0,
) -> pl.DataFrame:
    """What it earns, per customer of all, to act on the riskiest: higher is better.

    An action costs its price for everybody who gets it, and earns its value for those who would
    have been lost. That it keeps them is assumed, or discounted in the value: only an experiment
    tells.

    Args:
        risk: Probability that a customer is lost, shape (B,).
        lost: True where that happened without an action, shape (B,).
        cost: Of one action, in any currency.
        value: Of keeping one who would have been lost, times the chance that the action does.
        resamples: Bootstrap resamples of customers, for the band.
        seed: Of the resamples.

    Returns:
        `share` of customers who get the action, from 0 to 1, the `risk` of the last of them,
        `profit` per customer and the 95 % band `lower` to `upper`.

    Raises:
        ValueError: If risks are no probabilities or shapes differ.
    """
    predicted, happened = checked_pair(risk, lost)
    found = _caught(predicted, happened, resamples, seed)
    return _curve("profit", predicted, value * found / predicted.size - cost * _SHARES)


def _caught(
    risk: npt.NDArray[np.float64], lost: npt.NDArray[np.bool_], resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    """How many of the lost are among the riskiest, (1 + R, K): as they are, then resampled."""
    _, place = np.unique(-risk, return_inverse=True)  # equal risks share a place
    rank = np.argsort(place, kind="stable")
    ends = np.searchsorted(place[rank], np.arange(place.max() + 1), side="right") - 1
    drawn = draw_resamples(risk.size, number=resamples, seed=seed)[rank]
    asked = _SHARES * risk.size
    curves = []
    for counts in (np.ones(risk.size), *drawn.T.astype(np.float64)):
        customers = np.cumsum(counts)[ends]
        caught = np.cumsum(counts * lost[rank])[ends]
        curves.append(np.interp(asked, np.append(0.0, customers), np.append(0.0, caught)))
    return np.stack(curves)


def _curve(
    name: str, risk: npt.NDArray[np.float64], found: npt.NDArray[np.float64]
) -> pl.DataFrame:
    last = np.maximum(np.ceil(_SHARES * risk.size - 1e-9).astype(int) - 1, 0)
    lower, upper = np.nanquantile(found[1:], _ENDS, axis=0)
    return pl.DataFrame(
        {
            "share": _SHARES,
            "risk": np.sort(risk)[::-1][last],
            name: found[0],
            "lower": lower,
            "upper": upper,
        }
    )
