"""Sequences -> order days per customer, and what was known and what followed at a cutoff.

The plainest view of a log that a wait can be read from: when a customer was first seen, and on
which steps of the grid orders fell. Baselines learn from it and every model is judged by it.
"""

from __future__ import annotations

import polars as pl

from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.waits.clock import Clock

__all__ = ["histories", "known_before", "next_order_day"]


def histories(sequences: pl.DataFrame, *, clock: Clock, target: str) -> pl.DataFrame:
    """First day and order days of each customer.

    Args:
        sequences: The sequences table.
        clock: The grid of waits.
        target: Event type that is an order.

    Returns:
        One row per customer, in the given order: `customer_id`, `first_day` (grid day of the
        first event of any type), `order_days` (List[Float64]: grid days with at least one order,
        each once, ascending; empty for a customer who never ordered).
    """
    orders = (
        sequences.lazy()
        .select(CUSTOMER_ID, TIMESTAMP, EVENT_TYPE)
        .explode(TIMESTAMP, EVENT_TYPE)
        .filter(pl.col(EVENT_TYPE) == target)
        .group_by(CUSTOMER_ID)
        .agg(order_days=clock.grid(pl.col(TIMESTAMP)).unique().sort())
    )
    return (
        sequences.lazy()
        .select(CUSTOMER_ID, first_day=clock.grid(pl.col(TIMESTAMP).list.first()))
        .join(orders, on=CUSTOMER_ID, how="left", maintain_order="left")
        .with_columns(pl.col("order_days").fill_null([]))
        .collect()
    )


def known_before(histories: pl.DataFrame, cutoff_day: float) -> pl.DataFrame:
    """The histories as they stood at a cutoff: customers first seen before it, orders before it."""
    return histories.filter(pl.col("first_day") < cutoff_day).with_columns(
        pl.col("order_days").list.filter(pl.element() < cutoff_day)
    )


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
