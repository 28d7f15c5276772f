"""Histories before a cutoff -> a fitted rule; known histories -> probabilities of an order.

What every baseline shares: a look at nothing but order days before the cutoff, and one answer for
customers without an order. On the grid of waits everything before a cutoff c is seen, so with the
last order on day o the quiet part survived is e = c - o - step, and the probability of an order
in [c, c + H) is 1 - S(e + H) / S(e). Shapes: B customers, H horizons.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self, final

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.baselines.first_order import FirstOrderRate
from seqchurn.errors import DataError
from seqchurn.waits.histories import known_before

__all__ = ["Baseline"]


class Baseline(ABC):
    """A score to beat: fitted on histories, asked for the probability of an order.

    A subclass implements `_fit` and `_probability`, which see customers with an order only.
    """

    name: ClassVar[str]
    """Name in reports and in configs."""
    has_distribution: ClassVar[bool]
    """Whether any horizon may be asked for, not only the fitted ones."""
    note: str | None = None
    """What a reader of the report must know about the fit, such as a horizon that did not fit."""

    @final
    def fit(
        self,
        histories: pl.DataFrame,
        *,
        cutoff_day: float,
        step_days: float,
        horizons_days: Sequence[float],
    ) -> Self:
        """Learn from what lies before the cutoff; whatever lies after it is not looked at.

        Args:
            histories: The frame of `seqchurn.waits.histories.histories`.
            cutoff_day: First day not seen, in days since 1970-01-01, on the grid. Orders are told
                from later ones half a step before it, so that rounding cannot let one through.
            step_days: Resolution of the grid, in days.
            horizons_days: Windows that will be asked for, in days.

        Returns:
            The fitted baseline itself.

        Raises:
            DataError: If no customer is known before the cutoff.
        """
        known = known_before(histories, cutoff_day - step_days / 2)
        if known.is_empty():
            raise DataError(
                f"[baselines] no customer is known before the cutoff, so {self.name} cannot be "
                "fitted. Choose a later cutoff."
            )
        self.note = None
        self._step_days = step_days
        self._first_order = FirstOrderRate(known, cutoff_day=cutoff_day, step_days=step_days)
        self._fit(known, cutoff_day, step_days, horizons_days)
        return self

    @final
    def probability(
        self, known: pl.DataFrame, *, cutoff_day: float, horizon_days: npt.ArrayLike
    ) -> npt.NDArray[np.float64]:
        """Probability of an order in [cutoff, cutoff + horizon): risk of churn falls with it.

        Args:
            known: Histories of B customers first seen before the cutoff; orders at or after the
                cutoff are not looked at.
            cutoff_day: First day not seen, in days since 1970-01-01, on the grid.
            horizon_days: In days: shape (H,), or (B, H) for horizons of each customer's own.

        Returns:
            Shape (B, H), in the order of the rows.

        Raises:
            ValueError: If a customer is first seen at or after the cutoff, the shapes do not fit,
                or a horizon is asked for that the baseline has no answer for.
        """
        seen = known_before(known, cutoff_day - self._step_days / 2)
        if seen.height != known.height:
            raise ValueError(
                "a customer first seen at or after the cutoff has no history before it"
            )
        horizon = np.asarray(horizon_days, dtype=np.float64)
        if horizon.ndim not in (1, 2) or (horizon.ndim == 2 and len(horizon) != seen.height):
            raise ValueError(
                f"horizon_days has shape {horizon.shape}; expected (H,) or ({seen.height}, H)"
            )
        horizon = np.broadcast_to(horizon, (seen.height, horizon.shape[-1]))  # (B, H)
        ordered = (seen["order_days"].list.len() > 0).to_numpy()
        result = self._first_order.probability(horizon)
        if ordered.any():
            result[ordered] = self._probability(seen.filter(ordered), cutoff_day, horizon[ordered])
        return result

    @abstractmethod
    def _fit(
        self,
        known: pl.DataFrame,
        cutoff_day: float,
        step_days: float,
        horizons_days: Sequence[float],
    ) -> None:
        """Learn from histories trimmed to the cutoff, which may hold customers without orders."""

    @abstractmethod
    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Probabilities, shape (B, H), of B customers with an order, given horizons (B, H)."""
