"""The records of one bucket, of all sources -> the bucket of the events table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import CustomersSource, EventSource
from seqchurn.errors import ConfigError
from seqchurn.events.merging.customers import join_customers, one_row_each, without_events
from seqchurn.events.merging.duplicates import without_repeats
from seqchurn.events.merging.event_ids import HASH, with_hash, with_ids
from seqchurn.events.merging.fold import folded
from seqchurn.events.merging.routing import Records
from seqchurn.events.merging.sorting import in_order
from seqchurn.schema import EVENT_ID, EVENTS, KNOWN_FROM

__all__ = ["Merged", "columns", "merge"]

Merged = dict[str, Counter[str]]
"""What became of the records of each source: kept, duplicate, alike (kept repeats), events; for
customers: kept, duplicate, unseen (without an event)."""


def columns(config: EventsConfig) -> list[str]:
    """Columns of the events table, in order.

    Raises:
        ConfigError: If two of them have one name.
    """
    attributes = config.attributes("number") + config.attributes("category")
    attributes += config.static_attributes("number") + config.static_attributes("category")
    names = Counter([*EVENTS, KNOWN_FROM, *attributes])
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ConfigError(
            f"[events] the attribute {twice[0]} has the name of another column of the events "
            "table. Give it another name."
        )
    tables = [source for source in config.sources if isinstance(source, CustomersSource)]
    return [*EVENTS, *attributes, *(KNOWN_FROM for table in tables if table.known_from)]


def merge(
    bucket: int, sources: Sequence[Records], config: EventsConfig
) -> tuple[pl.DataFrame, Merged]:
    """Drop repeats, fold line items, join the customers' attributes.

    Args:
        bucket: Number of the bucket.
        sources: Mapped records by bucket of their customer.
        config: The sources.

    Returns:
        The rows of the events table with customers of this bucket, sorted by (customer_id,
        timestamp, event_id), and what became of the records.

    Raises:
        DataError: If a customer is twice in the customers' table.
    """
    counts: Merged = {}
    tables = []
    for records in sources:
        if isinstance(records.source, EventSource):
            rows = records.read(bucket)
            events, counts[records.source.name] = _events(rows, records.source)
            tables.append(events)
    table = pl.concat(tables, how="diagonal")
    for records in sources:
        if isinstance(records.source, CustomersSource):
            customers, repeated = one_row_each(records.read(bucket), records.source)
            unseen = without_events(customers, table)
            kept = Counter(kept=customers.height, duplicate=repeated, unseen=unseen)
            counts[records.source.name] = kept
            table = join_customers(table, customers)
    numbers = config.attributes("number") + config.static_attributes("number")
    table = table.select(columns(config)).cast(dict.fromkeys(numbers, pl.Float32))
    return in_order(table, EVENT_ID), counts


def _events(records: pl.DataFrame, source: EventSource) -> tuple[pl.DataFrame, Counter[str]]:
    records = with_hash(records, source)
    if source.fold_by or source.event_id is not None:  # where it matters which one is first
        records = in_order(records, HASH)
    kept, alike = without_repeats(records, alike=source.duplicates)
    events = with_ids(folded(kept, source) if source.fold_by else kept, source)
    return events, Counter(
        kept=kept.height,
        duplicate=records.height - kept.height,
        alike=alike,
        events=events.height,
    )
