"""Predictions and outcomes at a cutoff -> report: outcomes, rows of scores, a table."""

from __future__ import annotations

from seqchurn.evaluation.outcomes import COHORTS, Outcomes, outcomes_at
from seqchurn.evaluation.report import evaluate, evaluate_waits, reliability, write_rows
from seqchurn.evaluation.table import evaluation_table

__all__ = [
    "COHORTS",
    "Outcomes",
    "evaluate",
    "evaluate_waits",
    "evaluation_table",
    "outcomes_at",
    "reliability",
    "write_rows",
]
