"""Sequences -> order days per customer, and what was known and what followed at a cutoff.

The plainest view of a log that a wait can be read from: when a customer was first seen, and on
which steps of the grid orders fell. Baselines learn from it and every model is judged by it. A
baseline with features asks for the events themselves as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.waits.clock import Clock

__all__ = ["histories", "known_before", "next_order_day"]


def histories(
    sequences: pl.DataFrame, *, clock: Clock, target: str, numbers: Sequence[str] | None = None
) -> pl.DataFrame:
    """First day and order days of each customer, and the events if asked for.

    Args:
        sequences: The sequences table.
        clock: The grid of waits.
        target: Event type that is an order.
        numbers: Numeric attributes of orders to keep with the events, possibly none of them;
            None leaves the events out.

    Returns:
        One row per customer, in the given order: `customer_id`, `first_day` (grid day of the
        first event of any type), `order_days` (List[Float64]: grid days with at least one order,
        each once, ascending; empty for a customer who never ordered). With `numbers`, also
        `events`: a list, in order of time, of structs of `day` (Float64, of the grid),
        `event_type` and, unless there are none, the struct `numbers`, null but for orders.
    """
    orders = (
        sequences.lazy()
        .select(CUSTOMER_ID, TIMESTAMP, EVENT_TYPE)
        .explode(TIMESTAMP, EVENT_TYPE)
        .filter(pl.col(EVENT_TYPE) == target)
        .group_by(CUSTOMER_ID)
        .agg(order_days=clock.grid(pl.col(TIMESTAMP)).unique().sort())
    )
    result = (
        sequences.lazy()
        .select(CUSTOMER_ID, first_day=clock.grid(pl.col(TIMESTAMP).list.first()))
        .join(orders, on=CUSTOMER_ID, how="left", maintain_order="left")
        .with_columns(pl.col("order_days").fill_null([]))
    )
    if numbers is not None:
        events = _events(sequences.lazy(), clock, target, numbers)
        result = result.join(events, on=CUSTOMER_ID, how="left", maintain_order="left")
    return result.collect()


def known_before(histories: pl.DataFrame, cutoff_day: float) -> pl.DataFrame:
    """The histories as they stood at a cutoff: customers first seen before it, events before it."""
    known = histories.filter(pl.col("first_day") < cutoff_day).with_columns(
        pl.col("order_days").list.filter(pl.element() < cutoff_day)
    )
    if "events" not in known.columns:
        return known
    before = pl.element().struct.field("day") < cutoff_day
    return known.with_columns(pl.col("events").list.filter(before))


def next_order_day(histories: pl.DataFrame, cutoff_day: float) -> pl.Series:
    """Grid day of the first order at or after the cutoff, null where none follows.

    Rows are those of `known_before(histories, cutoff_day)`, in the same order.
    """
    return (
        histories.filter(pl.col("first_day") < cutoff_day)
        .select(
            next_order_day=pl.col("order_days").list.filter(pl.element() >= cutoff_day).list.first()
        )
        .to_series()
    )


def _events(
    sequences: pl.LazyFrame, clock: Clock, target: str, numbers: Sequence[str]
) -> pl.LazyFrame:
    """The column `events` of `histories`, by customer."""
    of_orders = [pl.when(pl.col(EVENT_TYPE) == target).then(pl.col(n)).alias(n) for n in numbers]
    fields = [clock.grid(pl.col(TIMESTAMP)).alias("day"), pl.col(EVENT_TYPE).alias("event_type")]
    if numbers:
        fields.append(pl.struct(of_orders).alias("numbers"))
    return (
        sequences.select(CUSTOMER_ID, TIMESTAMP, EVENT_TYPE, *numbers)
        .explode(TIMESTAMP, EVENT_TYPE, *numbers)
        .select(CUSTOMER_ID, events=pl.struct(fields))
        .group_by(CUSTOMER_ID, maintain_order=True)
        .agg("events")
    )
