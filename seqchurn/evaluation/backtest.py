"""Predictions and outcomes at rolling cutoffs -> the network beside the best baseline as it ages.

    within  cutoff      ordered        model          age   AUC    log-loss  gap     ECE
    7d      2017-07-11  1,316 (54.7%)  seqchurn lstm    0d  .8172  .5240     -.0104  .0392
                                       bgnbd            0d  .8074  .5344             .0291
            2017-08-08  1,337 (55.2%)  seqchurn lstm   28d  .8142  .5251     -.0111  .0329

A *frozen* model was fitted at the first cutoff and grows old; a *refitted* one, like every
baseline, was fitted at the cutoff at which it is judged. They are compared at the same cutoff,
because one season is harder to foretell than another, whatever the age of a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqchurn.console import table
from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.report import evaluate
from seqchurn.evaluation.table import digits, horizon_text
from seqchurn.waits.clock import Clock

__all__ = ["Entrant", "backtest_table", "compared", "judge"]

_SCORES = ("auc", "log_loss", "ece")
_COLUMNS = (
    *("horizon_days", "cutoff", "elapsed_days", "role", "model", "age_days"),
    *("n", "positives", *_SCORES, "gap"),
)
_HEADERS = ("within", "cutoff", "ordered", "model", "age", "AUC", "log-loss", "gap", "ECE")
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
            "training_cutoff": entrant.training_cutoff.isoformat(),
            "age_days": outcomes.cutoff_day - clock.at(entrant.training_cutoff),
            "refit": entrant.refit,
        }
        for entrant in entrants
        for row in evaluate(dataset, outcomes, entrant.predictions, bins=bins)
    ]


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


def backtest_table(comparison: pl.DataFrame) -> str:
    """Cutoffs below each other, for each horizon, and the models at each.

    Args:
        comparison: The frame of `compared`. A model that was frozen and refitted at one cutoff,
            the first, is shown once.

    Returns:
        Lines without a final newline.
    """
    shown = comparison.unique(
        ["horizon_days", "cutoff", "model", "age_days"], keep="first", maintain_order=True
    )
    lines: list[list[str]] = []
    above = ["", "", ""]
    for row in shown.iter_rows(named=True):
        horizon, *cutoff = left = _left(row)
        lines.append([horizon if horizon != above[0] else "", *cutoff, *_right(row)])
        if left == above:
            lines[-1][1:3] = ["", ""]
        above = left
    cutoffs, known = comparison["cutoff"].n_unique(), comparison["n"].to_list()
    return "\n".join(
        [
            f"{cutoffs} cutoffs, {min(known):,} to {max(known):,} customers",
            "higher is better: AUC; lower: log-loss, ECE; gap: log-loss minus that of the best",
            "baseline, which is fitted at each cutoff; age: of the model, since its own cutoff",
            "",
            table(lines, _HEADERS),
        ]
    )


def _left(row: Mapping[str, Any]) -> list[str]:
    cutoff = row["cutoff"].removesuffix("T00:00:00+00:00")
    ordered = f"{row['positives']:,} ({100 * row['positives'] / row['n']:.1f}%)"
    return [horizon_text(row["horizon_days"]), cutoff, ordered]


def _right(row: Mapping[str, Any]) -> list[str]:
    gap = "" if row["role"] == _ROLES[-1] or row["gap"] is None else digits(row["gap"], "+")
    auc, log_loss, ece = (digits(row[score]) for score in _SCORES)
    return [row["model"], horizon_text(row["age_days"]).rjust(4), auc, log_loss, gap, ece]
