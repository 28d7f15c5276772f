"""Orders in a database: the section of a config that reads them, and rows of all kinds."""

from __future__ import annotations

from typing import Any

__all__ = ["ORDERS", "ROWS", "Row"]

Row = dict[str, Any]

ORDERS = {
    "name": "orders",
    "max_bad_fraction": 1,
    "customer_id": "user",
    "timestamp": "at",
    "timezone": "UTC",
    "event_type": "order",
    "attributes": {"amount": {"column": "amount"}},
}
ROWS: list[tuple[Any, ...]] = [
    ("a", "2020-01-01 10:00:00", 1.5, "x"),
    ("b", "2020-01-02", None, "y"),
    (10**17 + 1, "2020-01-03T00:00:00+02:00", "7", "y"),
    ("a", "soon", 1, "x"),
    (None, "2020-01-03", 1, "x"),
    ("a", "2020-01-04", "1,5", "x"),
    ("a", "2020-01-04", 9, "z"),
]
