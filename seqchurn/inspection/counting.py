"""Events of a bucket -> counts of types, months, orders and ties, and the sum over buckets.

All events of a customer lie in one bucket, so that counts of customers add up as those of events
do. The tables are small whatever the log: their rows are types, months and classes, not events.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.waits import Clock

__all__ = [
    "ORDER_CLASSES",
    "added",
    "month_counts",
    "order_counts",
    "order_days",
    "tie_counts",
    "type_counts",
]

ORDER_CLASSES = {"0": 0, "1": 1, "2": 2, "3-5": 5, "6-10": 10, "more": None}
"""Classes of customers by their number of orders, and the largest number in each."""

_OTHER_THAN_SUMS = {"first": pl.min, "smallest": pl.min, "last": pl.max, "largest": pl.max}


def added(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Counts of several parts of a log as those of the whole, sorted by the keys.

    Args:
        tables: At least one; columns `first`, `smallest`, `last` and `largest` are what they are
            called, all others but the keys are sums.
        keys: Columns that name what is counted.
    """
    whole = pl.concat(tables, how="vertical_relaxed")
    whole = whole.with_columns(pl.selectors.unsigned_integer().cast(pl.Int64))  # room for sums
    values = [column for column in whole.columns if column not in keys]
    sums = [_OTHER_THAN_SUMS.get(value, pl.sum)(value) for value in values]
    return whole.group_by(keys).agg(sums).sort(keys)


def type_counts(events: pl.LazyFrame) -> pl.LazyFrame:
    """Per `event_type`: `events`, `customers`, `first` and `last` instant."""
    return events.group_by(EVENT_TYPE).agg(
        events=pl.len(),
        customers=pl.col(CUSTOMER_ID).n_unique(),
        first=pl.col(TIMESTAMP).min(),
        last=pl.col(TIMESTAMP).max(),
    )


def month_counts(events: pl.LazyFrame, timezone: str) -> pl.LazyFrame:
    """Events per `month`, the local date of its first day, and `event_type`."""
    local = pl.col(TIMESTAMP).dt.convert_time_zone(timezone)
    return events.group_by(local.dt.date().dt.month_start().alias("month"), EVENT_TYPE).agg(
        events=pl.len()
    )


def order_days(events: pl.LazyFrame, *, clock: Clock, target: str) -> pl.LazyFrame:
    """Steps with an order: `customer_id`, grid `day` and `orders` in it, sorted by the first two.

    Args:
        events: Rows of the events table with all events of their customers.
        clock: The grid of waits.
        target: Event type that is an order.
    """
    orders = events.filter(pl.col(EVENT_TYPE) == target)
    day = clock.grid(pl.col(TIMESTAMP)).alias("day")
    return orders.group_by(CUSTOMER_ID, day).agg(orders=pl.len()).sort(CUSTOMER_ID, "day")


def order_counts(order_days: pl.LazyFrame, n_customers: int) -> pl.LazyFrame:
    """Customers by number of orders, those of one step counted once.

    Args:
        order_days: As `order_days` returns.
        n_customers: All customers of the bucket, also those without an order.

    Returns:
        Per `orders`, a class of `ORDER_CLASSES` by its position: `customers`.
    """
    limits = [limit for limit in ORDER_CLASSES.values() if limit is not None]
    per_customer = order_days.group_by(CUSTOMER_ID).agg(n=pl.len())
    place = pl.sum_horizontal((pl.col("n") > limit).cast(pl.Int8) for limit in limits)
    some = per_customer.group_by(orders=place).agg(customers=pl.len().cast(pl.Int64))
    without = n_customers - pl.len().cast(pl.Int64)
    none = per_customer.select(orders=pl.lit(0, pl.Int8), customers=without)
    return pl.concat([none, some])


def tie_counts(events: pl.LazyFrame, order_days: pl.LazyFrame) -> pl.LazyFrame:
    """What of one customer falls together: `places` with several and how many `events` these hold.

    Returns:
        Rows by `tie`: "instant", any events at the same microsecond; "step", orders in one step.
    """
    at_once = events.group_by(CUSTOMER_ID, TIMESTAMP).agg(events=pl.len())
    in_step = order_days.select(events="orders")
    return pl.concat(
        table.filter(pl.col("events") > 1).select(
            tie=pl.lit(tie), places=pl.len(), events=pl.col("events").sum()
        )
        for tie, table in (("instant", at_once.select("events")), ("step", in_step))
    )
