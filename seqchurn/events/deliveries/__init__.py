"""Raw logs -> mapped records that stay on the disk, so that each file is read once.

`arrivals` says what is new, `reading` reads it into parts (`part`), `ledger` remembers what was
read, `compaction` joins parts that have become many; `store` does these in turn, and nothing of
it counts before the ledger is replaced.
"""

from __future__ import annotations

from seqchurn.events.deliveries.arrivals import mapping_hash
from seqchurn.events.deliveries.ledger import Counts, Ledger, SourceLedger
from seqchurn.events.deliveries.part import OTHER, OWN, Part
from seqchurn.events.deliveries.split import Terms
from seqchurn.events.deliveries.store import Deliveries, Intake

__all__ = [
    "OTHER",
    "OWN",
    "Counts",
    "Deliveries",
    "Intake",
    "Ledger",
    "Part",
    "SourceLedger",
    "Terms",
    "mapping_hash",
]
