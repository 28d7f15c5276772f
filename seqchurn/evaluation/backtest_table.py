"""The comparison of a backtest -> a plain-text table that a terminal, a log and a mail can show.

    within  cutoff      ordered        model          age   AUC    log-loss  gap     ECE
    7d      2017-07-11  1,316 (54.7%)  seqchurn lstm    0d  .8172  .5240     -.0104  .0392
                                       bgnbd            0d  .8074  .5344             .0291
            2017-08-08  1,337 (55.2%)  seqchurn lstm   28d  .8142  .5251     -.0111  .0329

Per horizon the cutoffs below each other, and per cutoff the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from seqchurn.console import table
from seqchurn.evaluation.table import digits, horizon_text, moment_text

__all__ = ["backtest_table"]

_HEADERS = ("within", "cutoff", "ordered", "model", "age", "AUC", "log-loss", "gap", "ECE")


def backtest_table(comparison: pl.DataFrame) -> str:
    """Cutoffs below each other, for each horizon, and the models at each.

    Args:
        comparison: The frame of `seqchurn.evaluation.backtest.compared`. A model that was frozen
            and refitted at one cutoff, the first, is shown once.

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
    cutoff = moment_text(row["cutoff"])
    ordered = f"{row['positives']:,} ({100 * row['positives'] / row['n']:.1f}%)"
    return [horizon_text(row["horizon_days"]), cutoff, ordered]


def _right(row: Mapping[str, Any]) -> list[str]:
    gap = "" if row["role"] == "best baseline" or row["gap"] is None else digits(row["gap"], "+")
    auc, log_loss, ece = (digits(row[score]) for score in ("auc", "log_loss", "ece"))
    return [row["model"], horizon_text(row["age_days"]).rjust(4), auc, log_loss, gap, ece]
