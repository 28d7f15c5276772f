"""Events table -> one row per customer."""

from __future__ import annotations

from seqchurn.sequences.before import sequences_before
from seqchurn.sequences.build import build_sequences
from seqchurn.sequences.store import build_store

__all__ = ["build_sequences", "build_store", "sequences_before"]
