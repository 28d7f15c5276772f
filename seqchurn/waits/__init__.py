"""The distribution of a wait: its clock, its contract and its likelihood."""

from __future__ import annotations

from seqchurn.waits.clock import Clock
from seqchurn.waits.histories import histories, known_before, next_order_day

__all__ = ["Clock", "histories", "known_before", "next_order_day"]
