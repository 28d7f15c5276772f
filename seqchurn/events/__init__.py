"""Raw logs -> the events table, and the records that were refused."""

from __future__ import annotations

from seqchurn.events.hashing import bucket
from seqchurn.events.ingest import ingest, quarantine_store, refused_store
from seqchurn.events.report import IngestReport

__all__ = ["IngestReport", "bucket", "ingest", "quarantine_store", "refused_store"]
