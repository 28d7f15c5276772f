"""Models and outcomes at rolling cutoffs -> the network beside the best baseline as it ages.

A *frozen* model was fitted at the first cutoff and grows old; a *refitted* one, like every
baseline, was fitted at the cutoff at which it is judged. They are compared at the same cutoff,
because one season is harder to foretell than another, whatever the age of a model. Shapes:
B customers, H horizons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqchurn.baselines import fit_baselines
from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.report import evaluate
from seqchurn.prediction import running_waits
from seqchurn.training.fitted_model import FittedModel
from seqchurn.waits.clock import Clock

__all__ = ["Entrant", "ask_networks", "backtest_metrics", "compared", "fresh_baselines", "judge"]

_TRACKED = ("auc", "log_loss", "brier", "ece")
"""Scores that are kept as metrics of a run."""
_COLUMNS = (
    *("horizon_days", "cutoff", "elapsed_days", "role", "model", "age_days"),
    *("n", "positives", "auc", "log_loss", "ece", "gap"),
)
_ROLES = ("frozen", "refitted", "best baseline")


@dataclass(frozen=True)
class Entrant:
    """Models that were fitted at the same cutoff, and their answers at this one or a later one."""

    training_cutoff: datetime
    """First instant that they had not seen."""
    refit: str
    """`never` if they were then frozen, `every` if they are fitted at each cutoff."""
    predictions: Mapping[str, NDArray[np.float64]]
    """Name to probability of an order within each horizon, shape (B, H)."""


def ask_networks(
    network: str,
    models: Mapping[str, tuple[datetime, FittedModel]],
    sequences: pl.DataFrame,
    outcomes: Outcomes,
) -> list[Entrant]:
    """Fitted networks, each an entrant of its own, asked at the cutoff of the outcomes.

    Args:
        network: Their name in the rows.
        models: By `refit`, with their training cutoffs.
        sequences: The sequences that the outcomes were made from; later events are not looked at.
        outcomes: What followed; read are the cutoff and the horizons.
    """
    different = {id(model): model for _, model in models.values()}  # at first, one is both
    answers = {
        key: running_waits(model, sequences, outcomes.cutoff).probability(outcomes.horizons_days)
        for key, model in different.items()
    }
    return [
        Entrant(training_cutoff, refit, {network: answers[id(model)]})
        for refit, (training_cutoff, model) in models.items()
    ]


def fresh_baselines(outcomes: Outcomes) -> Entrant:
    """Every baseline, fitted at the very cutoff of the outcomes.

    Raises:
        ConfigError: If LightGBM cannot be imported.
    """
    known, day, horizons = outcomes.known, outcomes.cutoff_day, outcomes.horizons_days
    fitted = fit_baselines(
        known, cutoff_day=day, step_days=outcomes.step_days, horizons_days=horizons.tolist()
    )
    answers = {
        name: baseline.probability(known, cutoff_day=day, horizon_days=horizons)
        for name, baseline in fitted.items()
    }
    return Entrant(outcomes.cutoff, "every", answers)


def judge(
    dataset: str, outcomes: Outcomes, entrants: Sequence[Entrant], *, bins: int, clock: Clock
) -> list[dict[str, Any]]:
    """Scores at one cutoff per entrant, cohort, horizon and model.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        entrants: Who is judged.
        bins: Bins of equal count in the calibration error.
        clock: The grid of waits.

    Returns:
        Rows of `backtest.json`: those of `evaluation.json` with `training_cutoff`, `age_days`
        (from there to the cutoff) and `refit`.
    """
    return [
        {
            **row,
            "training_cutoff": clock.local(entrant.training_cutoff).isoformat(),
            "age_days": outcomes.cutoff_day - clock.at(entrant.training_cutoff),
            "refit": entrant.refit,
        }
        for entrant in entrants
        for row in evaluate(dataset, outcomes, entrant.predictions, bins=bins)
    ]


def backtest_metrics(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Scores of all customers at one cutoff by name, such as `seqchurn/never/auc_28d`.

    Args:
        rows: Rows of `backtest.json`, of one cutoff.
    """
    return {
        f"{row['model'].split()[0]}/{row['refit']}/{score}_{row['horizon_days']:g}d": row[score]
        for row in rows
        for score in _TRACKED
        if row["cohort"] == "all" and row[score] is not None
    }


def compared(rows: Sequence[Mapping[str, Any]], *, network: str) -> pl.DataFrame:
    """The network and, at each cutoff and horizon, the baseline with the lowest log-loss.

    Args:
        rows: Rows of `backtest.json`; those of cohort `all` are read.
        network: Name of the network in the rows.

    Returns:
        By horizon, cutoff and `role` (frozen, refitted, best baseline): `elapsed_days` since the
        first cutoff, which is the age of a frozen model, `age_days` of the model itself, counts,
        scores, and `gap`, the log-loss minus that of the best baseline (below zero the network is
        better; null where no baseline has an answer).
    """
    whole = pl.DataFrame([row for row in rows if row["cohort"] == "all"], infer_schema_length=None)
    own, fresh = pl.col("model") == network, pl.col("refit") == "every"
    frozen, refitted, baseline = map(pl.lit, _ROLES)
    role = pl.when(~own).then(baseline).when(fresh).then(refitted).otherwise(frozen)
    best = pl.col("log_loss").filter(~own).min().over("horizon_days", "cutoff")
    return (
        whole.with_columns(
            elapsed_days=pl.col("age_days").max().over("cutoff"),
            role=role.cast(pl.Enum(_ROLES)),
            gap=pl.col("log_loss") - best,
        )
        .filter(own | (pl.col("gap") == 0.0))
        .unique(["horizon_days", "cutoff", "role"], keep="first", maintain_order=True)  # ties
        .sort("horizon_days", "elapsed_days", "role")
        .select(_COLUMNS)
    )
