"""Histories -> the scores to beat: recency rule, Kaplan-Meier, BG/NBD, Pareto/NBD, LightGBM.

A baseline is one file, one class and one row of the table below.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seqchurn.baselines.baseline import Baseline
from seqchurn.baselines.bgnbd import BGNBD
from seqchurn.baselines.boosted_trees import BoostedTrees, import_lightgbm
from seqchurn.baselines.kaplan_meier import KaplanMeier
from seqchurn.baselines.pareto_nbd import ParetoNBD
from seqchurn.baselines.recency import Recency
from seqchurn.progress import work

__all__ = [
    "BASELINES",
    "BGNBD",
    "Baseline",
    "BoostedTrees",
    "KaplanMeier",
    "ParetoNBD",
    "Recency",
    "check_baselines",
    "fit_baselines",
]

BASELINES: dict[str, type[Baseline]] = {
    baseline.name: baseline for baseline in (Recency, KaplanMeier, BGNBD, ParetoNBD, BoostedTrees)
}
"""Name in reports to class, in the order of reports."""


def check_baselines() -> None:
    """Check that every baseline can be fitted: for the start of what asks them only at its end.

    Raises:
        ConfigError: If LightGBM cannot be imported; the others have what they need when this is.
    """
    import_lightgbm()


def fit_baselines(
    histories: pl.DataFrame,
    *,
    cutoff_day: float,
    step_days: float,
    horizons_days: Sequence[float],
) -> dict[str, Baseline]:
    """Every baseline, fitted before the cutoff, by name; see `Baseline.fit`."""
    fitted = {}
    with work("baselines", len(BASELINES), "baselines") as fitting:
        for name, baseline in BASELINES.items():
            fitting.say(f"fitting {name}")
            fitted[name] = baseline().fit(
                histories, cutoff_day=cutoff_day, step_days=step_days, horizons_days=horizons_days
            )
            fitting.done()
    return fitted
