"""Tables -> charts: reliability."""

from __future__ import annotations

from seqchurn.plots.reliability import reliability_chart, save_chart

__all__ = ["reliability_chart", "save_chart"]
