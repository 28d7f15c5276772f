"""Sequences -> the sequences that there would be, had the log ended at a moment."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from seqchurn.schema import CUSTOMER_ID, KNOWN_FROM, TIMESTAMP

__all__ = ["sequences_before"]

_EARLIER = "__earlier"


def sequences_before(sequences: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Nothing that happened, or became known, at a moment or later; to test models for leaks.

    Args:
        sequences: The sequences table.
        moment: First instant that is taken away, aware.

    Returns:
        Customers with an earlier event, in the order of the table, with their earlier events;
        static attributes are null for those whose `known_from` is not earlier.
    """
    lists = [name for name, dtype in sequences.schema.items() if isinstance(dtype, pl.List)]
    earlier = pl.col(TIMESTAMP).list.eval(pl.element() < moment).list.sum()
    cut = (
        sequences.with_columns(earlier.alias(_EARLIER))
        .filter(pl.col(_EARLIER) > 0)
        .with_columns(pl.col(lists).list.head(pl.col(_EARLIER)))
        .drop(_EARLIER)
    )
    if KNOWN_FROM not in cut.columns:
        return cut
    static = [name for name in cut.columns if name not in (CUSTOMER_ID, KNOWN_FROM, *lists)]
    known = pl.col(KNOWN_FROM).is_null() | (pl.col(KNOWN_FROM) < moment)
    return cut.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in static)
