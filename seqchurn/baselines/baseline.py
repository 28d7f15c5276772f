"""Histories before a cutoff -> a fitted rule; known histories -> probabilities of an order.

What every baseline shares: a look at nothing but what lies before the cutoff, and one answer for
customers without an order, unless it has one of its own. On the grid of waits everything before a
cutoff c is seen, so with the last order on day o the quiet part survived is e = c - o - step, and
the probability of an order in [c, c + H) is 1 - S(e + H) / S(e). Shapes: B customers, H horizons.
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

__all__ = ["Baseline", "same_horizon"]


class Baseline(ABC):
    """A score to beat: fitted on histories, asked for the probability of an order.

    A subclass implements `_fit` and `_probability`, which is asked about customers with an order
    only, unless the fit sets `_answers_without_order`. A fit that cannot serve a horizon puts it
    into `_unanswered`.
    """

    name: ClassVar[str]
    """Name in reports and in configs."""
    has_distribution: ClassVar[bool]
    """Whether any horizon may be asked for, not only the fitted ones."""
    has_counts: ClassVar[bool] = False
    """Whether it also expects a number of orders."""
    reads_events: ClassVar[bool] = False
    """Whether it looks at the column `events` of the histories, not at order days only."""
    _step_days: float
    """Resolution of the grid of the last fit, in days."""
    _horizons_days: tuple[float, ...]
    """Windows of the last fit, in days."""
    _unanswered: Sequence[float] = ()
    _answers_without_order: bool = False
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
        known = known_before(self._read(histories), cutoff_day - step_days / 2)
        if known.is_empty():
            raise DataError(
                f"[baselines] no customer is known before the cutoff, so {self.name} cannot be "
                "fitted. Choose a later cutoff."
            )
        self.note = None
        self._unanswered, self._answers_without_order = (), False
        self._step_days, self._horizons_days = step_days, tuple(horizons_days)
        self._first_order = FirstOrderRate(known, cutoff_day=cutoff_day, step_days=step_days)
        self._fit(known, cutoff_day)
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
            Shape (B, H), in the order of the rows; NaN for a horizon that `answers` denies.

        Raises:
            ValueError: If a customer is first seen at or after the cutoff, the shapes do not fit,
                or a baseline without a distribution is asked a horizon it was not fitted for.
        """
        seen, horizon = self._seen_and_horizons(known, cutoff_day, horizon_days)
        own = (seen["order_days"].list.len() > 0).to_numpy() | self._answers_without_order
        result = self._first_order.probability(horizon)
        if own.any():
            result[own] = self._probability(seen.filter(own), cutoff_day, horizon[own])
        for unanswered in self._unanswered:
            result[same_horizon(horizon, unanswered)] = np.nan
        return result

    @final
    def expected_orders(
        self, known: pl.DataFrame, *, cutoff_day: float, horizon_days: npt.ArrayLike
    ) -> npt.NDArray[np.float64]:
        """Expected number of order days in [cutoff, cutoff + horizon).

        Args:
            known: As in `probability`.
            cutoff_day: As in `probability`.
            horizon_days: As in `probability`.

        Returns:
            Shape (B, H), in the order of the rows; at least the probability of an order.

        Raises:
            ValueError: As in `probability`, or if the baseline has no counts.
        """
        if not self.has_counts:
            raise ValueError(f"{self.name} expects no number of orders")
        seen, horizon = self._seen_and_horizons(known, cutoff_day, horizon_days)
        ordered = (seen["order_days"].list.len() > 0).to_numpy()
        result = self._first_order.expected_orders(horizon)
        if ordered.any():
            result[ordered] = self._expected_orders(
                seen.filter(ordered), cutoff_day, horizon[ordered]
            )
        return result

    @final
    def answers(self, horizon_days: float) -> bool:
        """Whether there is an answer for a horizon it was fitted for; if not, `note` says why."""
        return not any(same_horizon(horizon_days, unanswered) for unanswered in self._unanswered)

    def _read(self, histories: pl.DataFrame) -> pl.DataFrame:
        """Without the events, for a baseline that does not look at them."""
        return histories if self.reads_events else histories.drop("events", strict=False)

    def _seen_and_horizons(
        self, known: pl.DataFrame, cutoff_day: float, horizon_days: npt.ArrayLike
    ) -> tuple[pl.DataFrame, npt.NDArray[np.float64]]:
        """The histories trimmed to the cutoff, and the horizons, shape (B, H)."""
        seen = known_before(self._read(known), cutoff_day - self._step_days / 2)
        if seen.height != known.height:
            raise ValueError(
                "a customer first seen at or after the cutoff has no history before it"
            )
        horizon = np.asarray(horizon_days, dtype=np.float64)
        if horizon.ndim not in (1, 2) or (horizon.ndim == 2 and len(horizon) != seen.height):
            raise ValueError(
                f"horizon_days has shape {horizon.shape}; expected (H,) or ({seen.height}, H)"
            )
        if not self.has_distribution:
            asked = np.unique(horizon)[:, None]
            if not same_horizon(asked, np.asarray(self._horizons_days)).any(axis=1).all():
                fitted = ", ".join(f"{h:g}d" for h in self._horizons_days)
                raise ValueError(f"{self.name} has no distribution; it answers only for {fitted}")
        return seen, np.broadcast_to(horizon, (seen.height, horizon.shape[-1]))

    @abstractmethod
    def _fit(self, known: pl.DataFrame, cutoff_day: float) -> None:
        """Learn from histories trimmed to the cutoff, which may hold customers without orders."""

    @abstractmethod
    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Probabilities, shape (B, H), given horizons (B, H)."""

    def _expected_orders(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Expected order days, shape (B, H); to be given where `has_counts`."""
        raise NotImplementedError


def same_horizon(horizon_days: npt.ArrayLike, other: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Where horizons are equal but for rounding."""
    same: npt.NDArray[np.bool_] = np.isclose(horizon_days, other, rtol=1e-9, atol=0.0)
    return same
