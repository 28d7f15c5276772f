"""Columns, dtypes and units of every table that crosses a stage border.

Names are plain strings, so that this module imports in no time and every stage can use it;
dtypes are the names of Polars classes (`dtypes` turns them into the classes).

    events      one row per event, sorted by (customer_id, timestamp, event_id)
    sequences   one row per customer: list columns of equal length, static attributes as scalars
    scores      one row per customer known before `as_of`
    quarantine  one row per raw record that was refused, with the reason
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "CUSTOMER_ID",
    "EVENTS",
    "EVENT_ID",
    "EVENT_TYPE",
    "KNOWN_FROM",
    "QUARANTINE",
    "SCHEMA_VERSION",
    "SCORES",
    "TIMESTAMP",
    "dtypes",
]

SCHEMA_VERSION = 3
"""Raised whenever a table below changes; stores carry it."""

CUSTOMER_ID = "customer_id"
TIMESTAMP = "timestamp"
EVENT_TYPE = "event_type"
EVENT_ID = "event_id"
KNOWN_FROM = "known_from"
"""From when the static attributes of a customer may be seen; null: always."""

EVENTS = {
    CUSTOMER_ID: "String",
    TIMESTAMP: "Datetime",  # an instant, UTC, microseconds
    EVENT_TYPE: "String",
    EVENT_ID: "String",  # given by the source, or a stable hash of the row
}
"""Columns every events table has; mapped attributes follow (numbers Float32, categories String)."""

QUARANTINE = {
    "source": "String",
    "file": "String",
    "record": "Int64",  # position of the record in its file, from 0
    "rule": "String",
    "reason": "String",
    CUSTOMER_ID: "String",  # of the record itself; null: it could not be read
    "raw": "String",  # the mapped columns as JSON, cut at 2,000 characters
}

SCORES = {
    CUSTOMER_ID: "String",
    "as_of": "Datetime",
    "last_event_at": "Datetime",
    "last_target_at": "Datetime",  # null: never ordered
    "quiet_days": "Float64",  # since the last order; null: never ordered
    # p_order_{horizon}: Float64, one per configured horizon, probability of an order within it
    "p_churn": "Float64",  # 1 - P(order within the churn horizon); risk rises with the number
    "p_never": "Float64",  # P(no order ever again, given the quiet time); 0 without a never mass
    "next_order_p10": "Datetime",  # start of the step in which the order falls
    "next_order_p50": "Datetime",
    "next_order_p90": "Datetime",  # null: beyond reach
    # expected_orders_{horizon}: Float64, one per configured horizon, order days within it
    "churn_percentile": "Float64",  # in (0, 100]; 100 is the customer most at risk
    "model_name": "String",
    "model_version": "String",
    "run_id": "String",
    "valid_until": "Datetime",
}


def dtypes(columns: dict[str, str]) -> dict[str, Any]:
    """Polars dtypes of a table described above.

    Args:
        columns: Column name to the name of its dtype.

    Returns:
        Column name to Polars dtype; `Datetime` is Datetime[us, UTC].
    """
    import polars as pl

    instant: pl.DataType = pl.Datetime("us", "UTC")
    return {c: instant if name == "Datetime" else getattr(pl, name) for c, name in columns.items()}
