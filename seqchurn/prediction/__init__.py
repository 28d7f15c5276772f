"""A fitted model and sequences -> running waits and score rows: the only predict."""

from __future__ import annotations

from seqchurn.prediction.customer_wait import CustomerWait
from seqchurn.prediction.expected_orders import expected_orders
from seqchurn.prediction.explanation import (
    Explanation,
    Moment,
    explain_change,
    survival_curve,
)
from seqchurn.prediction.running_waits import RunningWaits, check_moment, running_waits
from seqchurn.prediction.scores import ScoreOptions, churn_percentile, score_columns, score_rows

__all__ = [
    "CustomerWait",
    "Explanation",
    "Moment",
    "RunningWaits",
    "ScoreOptions",
    "check_moment",
    "churn_percentile",
    "expected_orders",
    "explain_change",
    "running_waits",
    "score_columns",
    "score_rows",
    "survival_curve",
]
