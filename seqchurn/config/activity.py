"""Section `activity`: how busy the shop is, day by day."""

from __future__ import annotations

from pydantic import NonNegativeInt

from seqchurn.config.section import Section

__all__ = ["ActivityConfig"]


class ActivityConfig(Section):
    """How busy the shop is, day by day: the clock that waits run by."""

    levels: NonNegativeInt = 26
    """Stretches of the training span, each with a level of its own; 0: one level throughout."""
