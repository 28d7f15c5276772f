"""Events store -> sequences store, bucket by bucket."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import polars as pl

from seqchurn.progress import work
from seqchurn.sequences.build import fold_events
from seqchurn.storage import BucketStore

__all__ = ["build_store"]

_log = logging.getLogger(__name__)

_TAKEN_OVER = ["n_customers", "n_events", "first_timestamp", "last_timestamp"]


def build_store(
    events: BucketStore,
    sequences: BucketStore,
    *,
    attributes: Sequence[str],
    static: Sequence[str],
    force: bool = False,
) -> None:
    """Build the sequences of all customers, unless those of the same events are there.

    Args:
        events: Store of the events table.
        sequences: Store to publish; its manifest tells `events_digest`, the columns, the number
            of customers and events and the span.
        attributes: Event attributes to keep.
        static: Static attributes to keep.
        force: Build them in any case.

    Raises:
        DataError: If there is no events table, or it lacks a column.
        EnvironmentFailure: If the disk refuses.
    """
    snapshot = events.snapshot()
    facts = {
        "events_digest": snapshot.digest,
        "attributes": list(attributes),
        "static": list(static),
        **{fact: snapshot.manifest[fact] for fact in _TAKEN_OVER},
    }
    if not force and sequences.exists() and facts.items() <= sequences.manifest().items():
        sequences.clear()
        _log.info("sequences in %s are up to date", sequences.folder)
        return

    def folded(bucket: int) -> tuple[pl.DataFrame, None]:
        return fold_events(snapshot.read(bucket), attributes=attributes, static=static), None

    buckets = snapshot.buckets()
    with (
        sequences.publish(**facts) as writer,
        work("building sequences", len(buckets), "buckets") as built,
    ):
        for _ in writer.write_each(buckets, folded):
            built.done()
