"""Raw logs -> the events table, and the records that were refused."""

from __future__ import annotations

from seqchurn.events.forget import ForgottenCustomers, forget
from seqchurn.events.hashing import bucket
from seqchurn.events.ingest import ingest
from seqchurn.events.publish import identity_store, quarantine_store, refused_store
from seqchurn.events.report import IngestReport

__all__ = [
    "ForgottenCustomers",
    "IngestReport",
    "bucket",
    "forget",
    "identity_store",
    "ingest",
    "quarantine_store",
    "refused_store",
]
