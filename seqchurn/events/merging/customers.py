"""Customers' table -> static attributes on every event of the customer."""

from __future__ import annotations

import polars as pl

from seqchurn.config.sources import CustomersSource
from seqchurn.errors import DataError
from seqchurn.schema import CUSTOMER_ID

__all__ = ["join_customers", "one_row_each", "without_events"]


def one_row_each(customers: pl.DataFrame, source: CustomersSource) -> tuple[pl.DataFrame, int]:
    """One row per customer, and how many rows were dropped for that.

    Where identifiers are resolved, rows of a customer who is known by several of them may differ;
    the smallest stays, so that it does not depend on their order.

    Raises:
        DataError: If a customer of a table of plain ids has more than one row, with an example.
    """
    twice = customers.filter(pl.col(CUSTOMER_ID).is_duplicated())[CUSTOMER_ID]
    if twice.is_empty():
        return customers, 0
    if source.identifiers:
        one = customers.sort(customers.columns).unique(CUSTOMER_ID, keep="first")
        return one, customers.height - one.height
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
