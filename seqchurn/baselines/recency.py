"""Quiet days at one earlier cutoff and what followed -> a logistic rule per horizon.

The rule every shop has: who has been silent for long does not come back. Per horizon H it is
fitted at the cutoff H days earlier, where the answers are known by now. Shapes: B customers,
H horizons.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from seqchurn.baselines.baseline import Baseline, same_horizon
from seqchurn.waits.histories import known_before, next_order_day

__all__ = ["Recency"]


class Recency(Baseline):
    """Logistic regression on log(1 + quiet days), fitted at one earlier cutoff per horizon.

    A horizon fits into the history if as much history lies before its earlier cutoff as the
    horizon is long. For one that does not, the rule is that of the longest one that does, and
    `note` says so: it ranks as well, but its probability is that of the shorter window.
    """

    name: ClassVar[str] = "recency"
    has_distribution: ClassVar[bool] = False

    def _fit(self, known: pl.DataFrame, cutoff_day: float) -> None:
        span = cutoff_day - float(known["first_day"].min())  # type: ignore[arg-type]
        longest = max(np.floor(span / 2 / self._step_days + 1e-6), 1.0) * self._step_days
        self._rules = {
            h: _rule(known, cutoff_day - min(h, longest), self._step_days)
            for h in self._horizons_days
        }
        short = [f"{h:g}d" for h in self._horizons_days if h > longest]
        if short:
            self.note = (
                f"fitted at {longest:g}d for {', '.join(short)}: the history before the cutoff "
                f"is {span:g} days, and a horizon fits into half of it"
            )

    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        quiet = _log_quiet(ordered, cutoff_day)[:, None]  # (B, 1)
        result = np.full(horizon_days.shape, np.nan)
        for horizon, (intercept, slope) in self._rules.items():
            asked = same_horizon(horizon_days, horizon)
            result = np.where(asked, expit(intercept + slope * quiet), result)
        return result


def _rule(known: pl.DataFrame, earlier: float, step_days: float) -> tuple[float, float]:
    """Intercept and slope on log(1 + quiet days), from the cutoff one horizon earlier.

    Where nobody there has an order, or all did the same, the slope is zero and the rate
    (orders + 1/2) / (customers + 1).
    """
    between = earlier - step_days / 2  # no order lies there, whatever rounding did
    there = known_before(known, between)
    has_order = there["order_days"].list.len() > 0
    came = next_order_day(known, between).filter(has_order).is_not_null().to_numpy()
    orders = int(came.sum())
    if orders in (0, came.size):
        return float(np.log((orders + 0.5) / (came.size - orders + 0.5))), 0.0
    quiet = _log_quiet(there.filter(has_order), earlier)
    spread = float(quiet.std()) or 1.0
    standard = (quiet - quiet.mean()) / spread  # whatever the unit, the penalty means the same
    model = LogisticRegression().fit(standard[:, None], came)  # finite also where groups separate
    slope = float(model.coef_[0, 0]) / spread
    return float(model.intercept_[0] - slope * quiet.mean()), slope


def _log_quiet(ordered: pl.DataFrame, cutoff_day: float) -> npt.NDArray[np.float64]:
    """Log(1 + days from the last order to the cutoff), shape (B,)."""
    return np.log1p(cutoff_day - ordered["order_days"].list.last().to_numpy())
