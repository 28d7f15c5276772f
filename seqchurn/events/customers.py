"""Customers' table -> static attributes on every event of the customer."""

from __future__ import annotations

import polars as pl

from seqchurn.config.sources import CustomersSource
from seqchurn.errors import DataError
from seqchurn.schema import CUSTOMER_ID

__all__ = ["check_unique", "join_customers", "without_events"]


def check_unique(customers: pl.DataFrame, source: CustomersSource) -> None:
    """Check that each customer has one row.

    Raises:
        DataError: If one has more, with an example.
    """
    twice = customers.filter(pl.col(CUSTOMER_ID).is_duplicated())[CUSTOMER_ID]
    if len(twice):
        raise DataError(
            f"[events] source {source.name}: customer {twice.sort()[0]} has more than one row in "
            f"{source.path}; expected one row per customer. Remove the older ones."
        )


def join_customers(events: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Repeat a customer's attributes on each of its events; null for one without a row."""
    return events.join(customers, on=CUSTOMER_ID, how="left", maintain_order="left")


def without_events(customers: pl.DataFrame, events: pl.DataFrame) -> int:
    """Number of customers of the table that have no event."""
    return customers.join(events, on=CUSTOMER_ID, how="anti").height
