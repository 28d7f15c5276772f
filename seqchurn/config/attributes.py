"""Columns of raw logs that are kept as attributes."""

from __future__ import annotations

from typing import Literal

from seqchurn.config.section import Section

__all__ = ["Attribute", "StaticAttribute"]


class StaticAttribute(Section):
    """A column to keep."""

    column: str
    """Its name in the raw log."""
    type: Literal["number", "category"] = "number"
    """number: Float32, anything else goes to quarantine; category: a string."""


class Attribute(StaticAttribute):
    """A column of events to keep."""

    fold: Literal["sum", "mean", "min", "max", "first", "last", "count", "n_unique"] = "first"
    """How the values of folded line items become one, where the source has `fold_by`."""
