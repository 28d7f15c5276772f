"""Tables in buckets of customers: Parquet files that one manifest publishes, all or nothing.

    folder/manifest.json              what is complete: digest, rows and bytes per bucket, facts
    folder/parts-<digest>/00003.parquet

A writer fills a folder beside the parts that are published; on a clean end the folder gets the
name of its content and the manifest is replaced in one step. A run that fails or is killed
changes nothing that a reader sees, and the same rows give the same files. The parts that the
last publication replaced stay until the next one, so that a snapshot taken before is read whole,
unless they hold what must be forgotten: then they are purged at once.
"""

from __future__ import annotations

from seqchurn.storage.moments import AS_OF, tables_by_moment
from seqchurn.storage.snapshot import Snapshot
from seqchurn.storage.store import BucketStore
from seqchurn.storage.writer import BucketWriter

__all__ = ["AS_OF", "BucketStore", "BucketWriter", "Snapshot", "tables_by_moment"]
