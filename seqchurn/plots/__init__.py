"""Tables -> charts: reliability, learning curves."""

from __future__ import annotations

from seqchurn.plots.learning import learning_chart
from seqchurn.plots.reliability import reliability_chart
from seqchurn.plots.saving import save_chart

__all__ = ["learning_chart", "reliability_chart", "save_chart"]
