"""Segment messages, one JSON object a line -> raw frame, as text.

The fields are those of Segment's spec (https://segment.com/docs/connections/spec): the ones all
messages have in common, and those of track, page, screen, identify, alias and group. Beside them
stand `DERIVED`, which one config can name for messages of all types.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from seqchurn.config.sources import SegmentSource
from seqchurn.events.sources import ndjson
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.files import scan_each

__all__ = ["DERIVED", "FIELDS", "read"]

FIELDS = (
    *("type", "messageId", "userId", "anonymousId", "context", "integrations", "channel"),
    *("timestamp", "originalTimestamp", "sentAt", "receivedAt", "version", "writeKey"),
    *("event", "properties", "name", "category", "traits", "groupId", "previousId", "projectId"),
)
"""Keys of a message; all are columns, whether a log has them or not."""


def _text(*fields: str) -> pl.Expr:
    """The first of some fields that is neither null nor empty."""
    return pl.coalesce(pl.when(pl.col(field) != "").then(pl.col(field)) for field in fields)


DERIVED: dict[str, pl.Expr] = {
    "user_id": _text("userId"),
    "anonymous_id": _text("anonymousId"),
    "customer_id": _text("userId", "anonymousId"),
    "happened_at": _text("timestamp", "originalTimestamp", "receivedAt"),
    "event_type": pl.when(pl.col("type") == "track").then(_text("event")).otherwise(_text("type")),
}
"""Columns made of fields: `happened_at` prefers the time that Segment corrected for the clock of
the device, `event_type` is the name of the event that a track call names, else the type."""


def read(
    source: SegmentSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of some files of a Segment source, a frame each.

    Args:
        source: Its section of the config.
        files: The files.
        scratch: Not needed.
        tolerant: As for NDJSON.
    """
    names = [field for made in DERIVED.values() for field in made.meta.root_names()]
    names += [name for name in raw_columns(source) if name not in DERIVED]
    scan = partial(ndjson.scan_keys, names=names, keys=FIELDS, tolerant=tolerant)
    del scratch
    frames = scan_each(files, scan, path=source.path, source=source.name)
    return [frame.with_columns(**DERIVED) for frame in frames]
