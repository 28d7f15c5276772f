"""Events table -> sequences: one row per customer, its events as lists in order of time.

No cutoff, no codes, no scaling: these belong to a model and are fitted on what it may see.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seqchurn.errors import DataError
from seqchurn.schema import CUSTOMER_ID, EVENT_ID, EVENT_TYPE, EVENTS, KNOWN_FROM, TIMESTAMP, dtypes

__all__ = ["build_sequences", "fold_events"]


def build_sequences(
    events: pl.DataFrame, *, attributes: Sequence[str], static: Sequence[str]
) -> pl.DataFrame:
    """Fold the events of each customer into one row.

    Args:
        events: Rows of the events table with all events of their customers, in any order.
        attributes: Event attributes to keep, numbers or text.
        static: Static attributes to keep, the same on every row of a customer.

    Returns:
        Sorted by `customer_id`, each once: `customer_id`, lists of equal length `timestamp`,
        `event_type` and attributes, sorted by (timestamp, event_id); then the static attributes
        and, if the events have it, `known_from`.

    Raises:
        DataError: If a column is missing or has another type than the events table.
    """
    _check(events, [*attributes, *static])
    in_order = events.sort(CUSTOMER_ID, TIMESTAMP, EVENT_ID)  # so that tied times stay aligned
    return fold_events(in_order, attributes=attributes, static=static)


def fold_events(
    events: pl.DataFrame, *, attributes: Sequence[str], static: Sequence[str]
) -> pl.DataFrame:
    """The same as `build_sequences`, of events in the order of their table.

    Raises:
        DataError: If a column is missing or has another type than the events table, or the
            customers are in another order.
    """
    _check(events, [*attributes, *static])
    if not events[CUSTOMER_ID].is_sorted():
        raise DataError(
            "the events are not in the order of their table, by customer. Run seqchurn prepare "
            "--force."
        )
    scalars = [*static, *([KNOWN_FROM] if KNOWN_FROM in events.columns else [])]
    return (
        events.lazy()
        .group_by(CUSTOMER_ID, maintain_order=True)
        .agg(pl.col(TIMESTAMP, EVENT_TYPE, *attributes), pl.col(scalars).first())
        .collect()
    )


def _check(events: pl.DataFrame, attributes: list[str]) -> None:
    for column in [*EVENTS, *attributes]:
        if column not in events.columns:
            raise DataError(
                f"the events have no column {column}; found {', '.join(events.columns)}. Add it, "
                "or run seqchurn prepare with a config that maps it."
            )
    for column, expected in dtypes(EVENTS).items():
        if (found := events.schema[column]) != expected:
            raise DataError(
                f"column {column} of the events is {found}; expected {expected}. Cast it; a time "
                "without a zone needs dt.replace_time_zone first, then convert it to UTC."
            )
