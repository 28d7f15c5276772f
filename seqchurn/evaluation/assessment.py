"""Outcomes and the answers of several models -> everything that an evaluation reports.

The one list of what is measured at a cutoff: each table is made by the module of its name, and
written to the file of its name. Shapes: B customers, H horizons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation.counts import evaluate_counts
from seqchurn.evaluation.differences import evaluate_differences
from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.report import evaluate, reliability
from seqchurn.evaluation.rows import Row, write_rows
from seqchurn.evaluation.waits import Curve, evaluate_waits, pit_histogram

__all__ = ["Answers", "Assessment", "assess"]

_TRACKED = {
    "scores": ("auc", "log_loss", "brier", "ece"),
    "counts": ("rmse", "bias"),
    "waits": ("log_likelihood", "concordance", "integrated_brier", "pit_ks", "d_calibration"),
}
"""Table to its columns that are kept as metrics of a run."""


@dataclass(frozen=True)
class Answers:
    """What one model says of the customers known at a cutoff.

    Args:
        within: Probability of an order within each horizon, shape (B, H); a column of NaN where
            the model has no answer.
        curve: The probability within any time; None for a model without a distribution.
        orders: Expected orders within each horizon, shape (B, H); None for a model without counts.
    """

    within: npt.NDArray[np.float64]
    curve: Curve | None = None
    orders: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Assessment:
    """Tables of an evaluation: rows, and frames that the charts draw."""

    scores: list[Row]
    waits: list[Row]
    counts: list[Row]
    differences: list[Row]
    reliability: pl.DataFrame
    pit: pl.DataFrame

    def write(self, folder: Path) -> None:
        """Write each table to a JSON file of its own.

        From `reliability.json` and `pit.json` the charts can be drawn again: `pl.read_json` gives
        the frames back.

        Raises:
            EnvironmentFailure: If the disk refuses.
        """
        write_rows(folder / "evaluation.json", self.scores)
        write_rows(folder / "waits.json", self.waits)
        write_rows(folder / "counts.json", self.counts)
        write_rows(folder / "differences.json", self.differences)
        write_rows(folder / "reliability.json", self.reliability.fill_nan(None).to_dicts())
        write_rows(folder / "pit.json", self.pit.fill_nan(None).to_dicts())

    def metrics(self) -> dict[str, float]:
        """Scores of all customers by name, such as `bgnbd/auc_28d` and `bgnbd/wait_pit_ks`."""
        found = {}
        for name, columns in _TRACKED.items():
            for row in getattr(self, name):
                for column in columns:
                    if row["cohort"] == "all" and row[column] is not None:
                        within = f"_{row['horizon_days']:g}d" if "horizon_days" in row else ""
                        start = "" if within else "wait_"
                        model = row["model"].split()[0]
                        found[f"{model}/{start}{column}{within}"] = row[column]
        return found


def assess(
    dataset: str,
    outcomes: Outcomes,
    answers: Mapping[str, Answers],
    *,
    model: str,
    bins: int = 10,
    resamples: int = 1_000,
    seed: int = 0,
) -> Assessment:
    """Hold the answers of all models against what followed.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        answers: By name of the model, in the order of reports.
        model: Name of the one that is compared with all others.
        bins: Bins of equal count in calibration errors and reliability curves.
        resamples: Bootstrap resamples of customers.
        seed: Of everything that is drawn.

    Raises:
        ValueError: If answers do not fit the outcomes, or are no probabilities or counts.
    """
    within = {name: answer.within for name, answer in answers.items()}
    curves = {name: a.curve for name, a in answers.items() if a.curve is not None}
    orders = {name: a.orders for name, a in answers.items() if a.orders is not None}
    return Assessment(
        scores=evaluate(dataset, outcomes, within, bins=bins),
        waits=evaluate_waits(dataset, outcomes, curves, resamples=resamples, seed=seed),
        counts=evaluate_counts(dataset, outcomes, orders),
        differences=evaluate_differences(
            dataset, outcomes, within, model=model, resamples=resamples, seed=seed
        ),
        reliability=reliability(outcomes, within, bins=bins),
        pit=pit_histogram(outcomes, curves, resamples=resamples, seed=seed),
    )
