"""Sequences before a moment -> what the scores of that moment are made from, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from seqchurn.schema import EVENT_TYPE, TIMESTAMP
from seqchurn.storage import Snapshot

__all__ = ["Profile", "profile_of"]


@dataclass(frozen=True)
class Profile:
    """What was known before a moment."""

    events: int
    newest_event_at: datetime
    newest_target_at: datetime | None
    """None: nobody has ordered yet."""
    recent_events: dict[str, int]
    """By type, those of the last days."""

    def to_dict(self) -> dict[str, Any]:
        """As the manifest of a score table holds it."""
        ordered = self.newest_target_at
        return {
            "events": self.events,
            "newest_event_at": self.newest_event_at.isoformat(),
            "newest_target_at": ordered.isoformat() if ordered else None,
            "recent": self.recent_events,
        }


def profile_of(sequences: Snapshot, as_of: datetime, *, target: str, recent_days: float) -> Profile:
    """What is known before a moment.

    Args:
        sequences: The sequences table, with an event before the moment.
        as_of: First instant not seen, aware.
        target: Event type that is an order.
        recent_days: How far recent events reach back from it.
    """
    recent_from = as_of - timedelta(days=recent_days)
    of_buckets = [
        sequences.read(bucket, [TIMESTAMP, EVENT_TYPE])
        .lazy()
        .explode(TIMESTAMP, EVENT_TYPE)
        .filter(pl.col(TIMESTAMP) < as_of)
        .group_by(pl.col(EVENT_TYPE).cast(pl.String))
        .agg(pl.len(), newest=pl.max(TIMESTAMP), recent=(pl.col(TIMESTAMP) >= recent_from).sum())
        .collect()
        for bucket in sequences.buckets()
    ]
    types = (
        pl.concat(of_buckets)
        .group_by(EVENT_TYPE)
        .agg(pl.sum("len"), pl.max("newest"), pl.sum("recent"))
        .sort(EVENT_TYPE)
    )
    newest = dict(types.select(EVENT_TYPE, "newest").iter_rows())
    recent = types.filter(pl.col("recent") > 0).select(EVENT_TYPE, "recent")
    return Profile(
        events=int(types["len"].sum()),
        newest_event_at=max(newest.values()),
        newest_target_at=newest.get(target),
        recent_events=dict(recent.iter_rows()),
    )
