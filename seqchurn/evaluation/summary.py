"""An assessment -> the page that `seqchurn evaluate` prints.

Of all customers: scores by horizon, differences to the best baseline, waits, counts; of the
holdout, if there is one: scores. Other cohorts and everything else stand in the JSON files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqchurn.console import table
from seqchurn.evaluation.assessment import Assessment
from seqchurn.evaluation.differences import against_best, verdict
from seqchurn.evaluation.interventions import HOLDOUT
from seqchurn.evaluation.table import digits, evaluation_table, horizon_text, marked

__all__ = ["summary"]

_Rows = Sequence[Mapping[str, Any]]

_WAITS = {
    "log_likelihood": "log-lik.",
    "concordance": "concordance",
    "integrated_brier": "int. Brier",
    "pit_ks": "PIT-KS",
    "d_calibration": "D-cal.",
}


def summary(assessment: Assessment) -> str:
    """Lines without a final newline."""
    parts = [
        evaluation_table(assessment.scores),
        _holdout(assessment.scores),
        _differences(assessment.differences),
        _waits([row for row in assessment.waits if row["cohort"] == "all"]),
        _counts([row for row in assessment.counts if row["cohort"] == "all"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _holdout(rows: _Rows) -> str:
    """The scores of those who are left alone; nothing where none are named."""
    there = any(row["cohort"] == HOLDOUT for row in rows)
    return evaluation_table(rows, cohort=HOLDOUT) if there else ""


def _differences(rows: _Rows) -> str:
    """One line per horizon; nothing without a baseline."""
    best = against_best(rows)
    metrics = {"log_loss": "log-loss", "auc": "AUC"}
    cells = {(row["horizon_days"], row["metric"]): _difference(row) for row in best}
    horizons = dict.fromkeys(row["horizon_days"] for row in best)
    lines = [
        [horizon_text(h), *(cells.get((h, metric), "-") for metric in metrics)] for h in horizons
    ]
    if not lines:
        return ""
    head = "difference to the baseline that is best there, with 95 % intervals over customers"
    return f"{head}\n\n{table(lines, ['within', *metrics.values()])}"


def _difference(row: Mapping[str, Any]) -> str:
    value, low, high = (digits(row[key], "+") for key in ("difference", "low", "high"))
    return f"{value} [{low}, {high}] {verdict(row):<4} {row['baseline']}"


def _waits(rows: _Rows) -> str:
    """One line per model with a distribution."""
    if not rows:
        return ""
    columns = [marked([row[score] for row in rows], score) for score in _WAITS]
    dates = [f"{_percent(row['coverage'])} ({_percent(row['coverage_expected'])})" for row in rows]
    lines = [
        [row["model"], *scores, date]
        for row, date, *scores in zip(rows, dates, *columns, strict=True)
    ]
    notes = [
        f"{row['model']}: {row['floored']:,} customers ordered when it was all but impossible"
        for row in rows
        if row["floored"]
    ]
    compared, ordered = rows[0]["compared"], rows[0]["ordered"]
    if compared < ordered:
        notes.append(f"concordance: of {compared:,} of the {ordered:,} customers who ordered")
    return "\n".join(
        [
            "the wait; higher is better: log-likelihood (nats per customer), concordance; lower:",
            "integrated Brier, PIT-KS, D-calibration; dates: share of orders between the dates of",
            "10 and 90 % (and the share that the model expects there)",
            "",
            table(lines, ["model", *_WAITS.values(), "dates"]),
            *notes,
        ]
    )


def _counts(rows: _Rows) -> str:
    """One line per model with counts, one column per horizon."""
    if not rows:
        return ""
    horizons = list(dict.fromkeys(row["horizon_days"] for row in rows))
    cells = {(row["model"], row["horizon_days"]): _errors(row) for row in rows}
    lines = [
        [model, *(cells.get((model, h), "-") for h in horizons)]
        for model in dict.fromkeys(row["model"] for row in rows)
    ]
    head = "expected orders: RMSE and MAE per customer (lower is better), bias of the sum"
    return f"{head}\n\n{table(lines, ['model', *map(horizon_text, horizons)])}"


def _errors(row: Mapping[str, Any]) -> str:
    bias = "-" if row["bias"] is None else f"{100 * row['bias']:+.1f}%"
    return f"{row['rmse']:.3f} {row['mae']:.3f} {bias}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"
