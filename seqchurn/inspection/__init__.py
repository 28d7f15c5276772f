"""Events table -> what is in it: counts, gaps between orders, and tables that people read."""

from __future__ import annotations

from seqchurn.inspection.contents import Contents, Mapped, read_contents
from seqchurn.inspection.gaps import CHURN_LEVEL
from seqchurn.inspection.sections import (
    Section,
    facts,
    quarantine_table,
    records_table,
    sections,
)

__all__ = [
    "CHURN_LEVEL",
    "Contents",
    "Mapped",
    "Section",
    "facts",
    "quarantine_table",
    "read_contents",
    "records_table",
    "sections",
]
