"""Rows of an evaluation -> the tables that pages show of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqchurn.evaluation import against_best, verdict
from seqchurn.evaluation.table import digits, horizon_text
from seqchurn.inspection import Section

__all__ = ["cohort_table", "difference_table", "score_tables"]

_Row = Mapping[str, Any]
_SCORES = {"auc": "AUC", "log_loss": "log-loss", "brier": "Brier", "ece": "ECE"}


def score_tables(scores: Sequence[_Row]) -> list[Section]:
    """Scores of all models on all customers, a table a horizon.

    Args:
        scores: Rows of `evaluation.json`, of one cutoff.
    """
    by_horizon: dict[float, list[_Row]] = {}
    for row in scores:
        if row["cohort"] == "all":
            by_horizon.setdefault(row["horizon_days"], []).append(row)
    return [
        Section(
            f"An order within {horizon_text(horizon)}: {there[0]['positives']:,} of "
            f"{there[0]['n']:,} customers",
            ["model", *_SCORES.values()],
            [[row["model"], *(digits(row[score]) for score in _SCORES)] for row in there],
        )
        for horizon, there in by_horizon.items()
    ]


def difference_table(differences: Sequence[_Row]) -> Section:
    """The network less the best baseline, with intervals.

    Args:
        differences: Rows of `differences.json`, of one cutoff and model.
    """
    lines = [
        [
            horizon_text(row["horizon_days"]),
            {"log_loss": "log-loss", "auc": "AUC"}[row["metric"]],
            row["baseline"],
            *(digits(row[key], "+") for key in ("difference", "low", "high")),
            verdict(row),
        ]
        for row in against_best(differences)
    ]
    headers = ["within", "measure", "best baseline", "network less it", "from", "to", ""]
    return Section("Difference to the best baseline", headers, lines)


def cohort_table(network: str, scores: Sequence[_Row]) -> Section:
    """Scores of the network by cohort; `less best` is its log-loss less the best baseline's there.

    Args:
        network: Its name among the models.
        scores: Rows of `evaluation.json`, of one cutoff.
    """
    best: dict[tuple[str, float], float] = {}
    for row in scores:
        if row["model"] != network:
            key = (row["cohort"], row["horizon_days"])
            best[key] = min(best.get(key, row["log_loss"]), row["log_loss"])
    lines = [
        [
            row["cohort"],
            horizon_text(row["horizon_days"]),
            row["n"],
            f"{100 * row['base_rate']:.1f}%",
            digits(row["auc"]),
            digits(row["log_loss"]),
            digits(_less(row["log_loss"], best.get((row["cohort"], row["horizon_days"]))), "+"),
            digits(row["ece"]),
        ]
        for row in scores
        if row["model"] == network
    ]
    headers = ["cohort", "within", "customers", "ordered", "AUC", "log-loss", "less best", "ECE"]
    return Section(f"{network} by cohort", headers, lines)


def _less(own: float, other: float | None) -> float | None:
    return None if other is None else own - other
