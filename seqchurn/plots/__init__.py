"""Tables -> charts: what is in a log, calibration, learning, ageing, waits, gain, monitoring."""

from __future__ import annotations

from seqchurn.plots.gain import gain_chart, profit_chart
from seqchurn.plots.inspection import events_chart, gap_chart, gap_histogram, orders_chart
from seqchurn.plots.learning import learning_chart
from seqchurn.plots.observed_expected import observed_expected_chart
from seqchurn.plots.page import Chapter, page
from seqchurn.plots.pit import pit_by_cohort_chart, pit_chart
from seqchurn.plots.reliability import reliability_by_cohort_chart, reliability_chart
from seqchurn.plots.saving import save_chart
from seqchurn.plots.score_history import score_history_chart
from seqchurn.plots.staleness import staleness_chart
from seqchurn.plots.survival import hazard_chart, survival_chart
from seqchurn.plots.theme import on_dark
from seqchurn.plots.timeline import timeline_chart

__all__ = [
    "Chapter",
    "events_chart",
    "gain_chart",
    "gap_chart",
    "gap_histogram",
    "hazard_chart",
    "learning_chart",
    "observed_expected_chart",
    "on_dark",
    "orders_chart",
    "page",
    "pit_by_cohort_chart",
    "pit_chart",
    "profit_chart",
    "reliability_by_cohort_chart",
    "reliability_chart",
    "save_chart",
    "score_history_chart",
    "staleness_chart",
    "survival_chart",
    "timeline_chart",
]
