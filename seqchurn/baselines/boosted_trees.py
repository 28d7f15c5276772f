"""Histories -> LightGBM on hand-made features, trained anew for each horizon.

The baseline to be afraid of: what a good analyst with two days builds. For a horizon H it asks,
at up to twelve cuts before the cutoff, what `customer_features` tells of every customer and
whether an order came within H; the newest cut is the cutoff less H, so all answers are known.
Shapes: B customers, N rows of all cuts, F features, H horizons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.baselines.baseline import Baseline, same_horizon
from seqchurn.baselines.customer_features import CustomerFeatures, windows
from seqchurn.errors import ConfigError
from seqchurn.waits.histories import next_order_day

__all__ = ["BoostedTrees", "cuts", "import_lightgbm"]

_Vector = npt.NDArray[np.float64]
_Model = Callable[[_Vector], _Vector]
_CUTS = 12
_ROUNDS = 400
_SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 7,
    "extra_trees": True,  # random thresholds: the rows of one customer's cuts are much alike
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""One set for all logs."""


class BoostedTrees(Baseline):
    """LightGBM with features of recency, frequency, windows, event types and order numbers.

    Without the column `events` in the histories it looks at order days alone, and customers
    without an order get the same answer as from the other baselines. With it, they are rows like
    all others. A horizon with no cut that has a spacing of cuts of history before it has no
    answer.
    """

    name: ClassVar[str] = "lightgbm"
    has_distribution: ClassVar[bool] = False
    reads_events: ClassVar[bool] = True

    def _fit(self, known: pl.DataFrame, cutoff_day: float) -> None:
        lightgbm = import_lightgbm()
        known = known.sort("customer_id")  # trees draw rows by position
        first_day = float(known["first_day"].min())  # type: ignore[arg-type]
        self._with_events = self._answers_without_order = "events" in known.columns
        self._event_types = _event_types(known)
        self._windows = windows(cutoff_day - first_day, self._step_days)
        features = self._features(known)
        self._models: dict[float, _Model] = {}
        for horizon in self._horizons_days:
            days = cuts(first_day, cutoff_day, horizon_days=horizon, step_days=self._step_days)
            asked = [self._rows(known, features.at(day), day, horizon) for day in days]
            if asked:
                x, came = (np.concatenate(parts) for parts in zip(*asked, strict=True))
                self._models[horizon] = _train(lightgbm, x, came)
        self._unanswered = [h for h in self._horizons_days if h not in self._models]
        if self._unanswered:
            self.note = (
                f"no answer for {', '.join(f'{h:g}d' for h in self._unanswered)}: the history "
                f"before the cutoff is {cutoff_day - first_day:g} days, too short to train on"
            )

    def _probability(
        self, ordered: pl.DataFrame, cutoff_day: float, horizon_days: _Vector
    ) -> _Vector:
        if self._with_events and "events" not in ordered.columns:
            raise ValueError(
                f"{self.name} was fitted with events; ask it about histories that have them"
            )
        x = self._features(ordered).at(cutoff_day)
        result = np.full(horizon_days.shape, np.nan)
        for horizon, model in self._models.items():
            asked = same_horizon(horizon_days, horizon)
            result = np.where(asked, model(x)[:, None], result)
        return result

    def _features(self, known: pl.DataFrame) -> CustomerFeatures:
        return CustomerFeatures(
            known,
            windows_days=self._windows,
            step_days=self._step_days,
            event_types=self._event_types,
        )

    def _rows(
        self, known: pl.DataFrame, x: _Vector, day: float, horizon_days: float
    ) -> tuple[_Vector, npt.NDArray[np.bool_]]:
        """Features and whether an order came within the horizon, of those asked about at a cut."""
        between = day - self._step_days / 2  # no event lies there, whatever rounding did
        there = (known["first_day"] < between).to_numpy()
        following = next_order_day(known, between).to_numpy()  # NaN: none
        asked = (known["order_days"].list.first() < between).fill_null(False).to_numpy()
        asked = asked[there] | self._with_events
        return x[there][asked], (following < between + horizon_days)[asked]


def cuts(
    first_day: float, cutoff_day: float, *, horizon_days: float, step_days: float
) -> list[float]:
    """Days of the grid at which to ask, the newest first: the cutoff less the horizon.

    At most twelve, a week apart or a twelfth of the history if that is less, each with at least as
    much history before it.

    >>> cuts(0.0, 60.0, horizon_days=40.0, step_days=1.0)
    [20.0, 15.0, 10.0, 5.0]
    """
    spacing = max(min(7.0, (cutoff_day - first_day) / _CUTS), step_days)
    backs = [round((horizon_days + i * spacing) / step_days) for i in range(_CUTS)]
    days = [cutoff_day - back * step_days for back in backs]
    return [day for day in days if day - first_day > spacing - step_days / 2]


def import_lightgbm() -> Any:
    """LightGBM, which is imported by a fit only: it takes a second, and is an extra.

    Raises:
        ConfigError: If it cannot be imported.
    """
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: it is there, its shared libraries are not
        raise ConfigError(
            f"the boosted trees need LightGBM, which cannot be imported: {error}. "
            "Install it with pip install 'seqchurn[baselines]'."
        ) from error
    return lightgbm


def _train(lightgbm: Any, x: _Vector, came: npt.NDArray[np.bool_]) -> _Model:
    """Features (N, F) and outcomes (N,) -> a function from features to probabilities.

    Where all did the same it is the rate (orders + 1/2) / (rows + 1).
    """
    if came.all() or not came.any():
        rate = (came.sum() + 0.5) / (came.size + 1.0)
        return lambda asked: np.full(len(asked), rate)
    smallest_leaf = int(np.clip(came.size // 50, 20, 200))
    data = lightgbm.Dataset(x, came.astype(np.float64))
    booster = lightgbm.train({**_SETTINGS, "min_child_samples": smallest_leaf}, data, _ROUNDS)
    return lambda asked: np.asarray(booster.predict(asked, num_threads=1), dtype=np.float64)


def _event_types(known: pl.DataFrame) -> list[str]:
    if "events" not in known.columns:
        return []
    types = known.select(pl.col("events").explode().struct.field("event_type"))
    return sorted(types.to_series().drop_nulls().cast(pl.String).unique())
