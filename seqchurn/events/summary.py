"""What the manifest of an events table says about it, added up bucket by bucket."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary:
    """Customers, events, types and span of some buckets."""

    n_customers: int = 0
    n_events: int = 0
    types: Counter[str] = field(default_factory=Counter)
    span: tuple[datetime, ...] = ()
    """First and last time; empty: no event."""

    @classmethod
    def of(cls, events: pl.DataFrame) -> Summary:
        """What one bucket adds."""
        times = events[TIMESTAMP]
        return cls(
            events[CUSTOMER_ID].n_unique(),
            events.height,
            Counter(dict(events[EVENT_TYPE].value_counts().iter_rows())),
            () if times.is_empty() else (times.min(), times.max()),  # type: ignore[arg-type]
        )

    def __add__(self, other: Summary) -> Summary:
        """Both together, if they have no customer in common."""
        times = sorted([*self.span, *other.span])
        return Summary(
            self.n_customers + other.n_customers,
            self.n_events + other.n_events,
            self.types + other.types,
            tuple(times[:1] + times[-1:]),
        )

    def facts(self) -> dict[str, Any]:
        """Facts for the manifest; times in ISO 8601."""
        first, last = self.span
        return {
            "n_customers": self.n_customers,
            "n_events": self.n_events,
            "first_timestamp": first.isoformat(),
            "last_timestamp": last.isoformat(),
            "events_per_type": dict(sorted(self.types.items())),
        }
