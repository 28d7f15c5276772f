"""Predictions and outcomes at a cutoff -> report: outcomes, rows of scores, tables."""

from __future__ import annotations

from seqchurn.evaluation.assessment import Answers, Assessment, assess
from seqchurn.evaluation.cohorts import Cohorts, cohorts_at, count_events
from seqchurn.evaluation.counts import evaluate_counts
from seqchurn.evaluation.differences import against_best, evaluate_differences, verdict
from seqchurn.evaluation.interventions import HOLDOUT, Interventions
from seqchurn.evaluation.outcomes import Outcomes, outcomes_at
from seqchurn.evaluation.report import evaluate, reliability
from seqchurn.evaluation.rows import write_rows
from seqchurn.evaluation.summary import summary
from seqchurn.evaluation.table import evaluation_table
from seqchurn.evaluation.waits import evaluate_waits, pit_histogram

__all__ = [
    "HOLDOUT",
    "Answers",
    "Assessment",
    "Cohorts",
    "Interventions",
    "Outcomes",
    "against_best",
    "assess",
    "cohorts_at",
    "count_events",
    "evaluate",
    "evaluate_counts",
    "evaluate_differences",
    "evaluate_waits",
    "evaluation_table",
    "outcomes_at",
    "pit_histogram",
    "reliability",
    "summary",
    "verdict",
    "write_rows",
]
