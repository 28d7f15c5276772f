"""Tables -> charts: contents of a log, calibration, learning, staleness, survival, monitoring."""

from __future__ import annotations

from seqchurn.plots.inspection import events_chart, gap_chart, gap_histogram, orders_chart
from seqchurn.plots.learning import learning_chart
from seqchurn.plots.observed_expected import observed_expected_chart
from seqchurn.plots.page import page
from seqchurn.plots.pit import pit_by_cohort_chart, pit_chart
from seqchurn.plots.reliability import reliability_by_cohort_chart, reliability_chart
from seqchurn.plots.saving import save_chart
from seqchurn.plots.staleness import staleness_chart
from seqchurn.plots.survival import survival_chart

__all__ = [
    "events_chart",
    "gap_chart",
    "gap_histogram",
    "learning_chart",
    "observed_expected_chart",
    "orders_chart",
    "page",
    "pit_by_cohort_chart",
    "pit_chart",
    "reliability_by_cohort_chart",
    "reliability_chart",
    "save_chart",
    "staleness_chart",
    "survival_chart",
]
