"""Records -> hashed records; records or folded events -> events with an id.

Ids are the same in every run and whatever the order of the raw records.
"""

from __future__ import annotations

import polars as pl

from seqchurn.config.sources import EventSource
from seqchurn.events.hashing import row_hash
from seqchurn.events.mapping import FOLD
from seqchurn.schema import CUSTOMER_ID, EVENT_ID

__all__ = ["HASH", "with_hash", "with_ids"]

HASH = "seqchurn:hash"


def with_hash(records: pl.DataFrame, source: EventSource) -> pl.DataFrame:
    """Add `HASH` over all that was mapped: equal for records that are alike, and only those."""
    return records.with_columns(row_hash(records.schema, salt=source.name).alias(HASH))


def with_ids(events: pl.DataFrame, source: EventSource) -> pl.DataFrame:
    """Set `event_id`, and drop hash and fold keys.

    An id of the log becomes source:id. A folded event gets the hash of customer and fold keys;
    any other the hash of the record. Equal hashes are numbered from 0.

    Args:
        events: Hashed records, or folded events, of one source and bucket.
        source: Its section of the config.
    """
    folds = [FOLD + column for column in source.fold_by]
    given = pl.lit(None, dtype=pl.String)
    if folds:
        keys = {name: events.schema[name] for name in (CUSTOMER_ID, *folds)}
        events = events.with_columns(row_hash(keys, salt=source.name).alias(HASH))
    elif source.event_id is not None:
        given = pl.concat_str(pl.lit(source.name + ":"), pl.col(EVENT_ID))
    if events[HASH].n_unique() < events.height:
        number = pl.int_range(pl.len()).over(HASH).cast(pl.String)
    else:
        number = pl.lit("0")  # numbering takes longer than all else here
    generated = pl.concat_str(pl.col(HASH).cast(pl.String), pl.lit("-"), number)
    return events.with_columns(pl.coalesce(given, generated).alias(EVENT_ID)).drop(HASH, *folds)
