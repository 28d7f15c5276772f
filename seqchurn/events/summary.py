"""What the manifest of an events table says about it, added up bucket by bucket."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import polars as pl

from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP

__all__ = ["Summary"]


class Summary:
    """Customers, events, span and types of the buckets added so far."""

    def __init__(self) -> None:
        """Nothing added yet."""
        self.n_customers = 0
        self.n_events = 0
        self._types: Counter[str] = Counter()
        self._times: list[datetime] = []

    def add(self, events: pl.DataFrame) -> None:
        """Add the rows of one bucket, at least one."""
        self.n_customers += events[CUSTOMER_ID].n_unique()
        self.n_events += events.height
        self._types.update(dict(events[EVENT_TYPE].value_counts().iter_rows()))
        times = events.select(first=pl.col(TIMESTAMP).min(), last=pl.col(TIMESTAMP).max()).row(0)
        self._times = [min([*self._times, *times]), max([*self._times, *times])]

    def facts(self) -> dict[str, Any]:
        """Facts for the manifest; times in ISO 8601."""
        return {
            "n_customers": self.n_customers,
            "n_events": self.n_events,
            "first_timestamp": self._times[0].isoformat(),
            "last_timestamp": self._times[-1].isoformat(),
            "events_per_type": dict(sorted(self._types.items())),
        }
