"""Waits between order days -> one survival curve for all customers, read at each quiet time.

The baseline that knows the shape of waits and nothing about the customer but the quiet time. The
wait still open at the cutoff is counted, as censored; leaving it out would take every customer
for a frequent one. Shapes: B customers, H horizons.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.baselines.baseline import Baseline
from seqchurn.baselines.product_limit import ProductLimit

__all__ = ["KaplanMeier"]


class KaplanMeier(Baseline):
    """Kaplan-Meier curve of the waits of all customers, conditioned on the quiet time."""

    name: ClassVar[str] = "kaplan_meier"
    has_distribution: ClassVar[bool] = True

    def _fit(self, known: pl.DataFrame, cutoff_day: float) -> None:
        ended = known["order_days"].list.diff(null_behavior="drop").explode().drop_nulls()
        last = known["order_days"].list.last().drop_nulls()
        survived = cutoff_day - last - self._step_days
        days = np.concatenate([ended.to_numpy(), survived.to_numpy()])
        observed = np.arange(days.size) < ended.len()
        self._curve = ProductLimit(np.rint(days / self._step_days).astype(np.int64), observed)

    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        last = ordered["order_days"].list.last().to_numpy()
        survived = (cutoff_day - last - self._step_days) / self._step_days  # (B,)
        return self._curve.probability(survived[:, None], horizon_days / self._step_days)
