"""Champion + sequences store -> published score tables; customers taken out; were they right?"""

from __future__ import annotations

from seqchurn.scoring.alarms import band_alarm, check_alarms, quiet_alarm
from seqchurn.scoring.buckets import Scoring
from seqchurn.scoring.comparison import compare_scores, comparison_table
from seqchurn.scoring.forget import forget_scores
from seqchurn.scoring.judging import Judged, OrderLog, judge
from seqchurn.scoring.monitor import QUANTITIES, Band, Monitoring, monitor
from seqchurn.scoring.monitor_page import monitor_page, monitor_summary
from seqchurn.scoring.publish import publish_scores
from seqchurn.scoring.score_tables import ScoreTable, day_text, score_tables

__all__ = [
    "QUANTITIES",
    "Band",
    "Judged",
    "Monitoring",
    "OrderLog",
    "ScoreTable",
    "Scoring",
    "band_alarm",
    "check_alarms",
    "compare_scores",
    "comparison_table",
    "day_text",
    "forget_scores",
    "judge",
    "monitor",
    "monitor_page",
    "monitor_summary",
    "publish_scores",
    "quiet_alarm",
    "score_tables",
]
