"""What became of the records of all sources -> what keeps them from being published, in words."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import EventSource, Source
from seqchurn.events.checks.quarantine import commonest
from seqchurn.events.deliveries import Counts

__all__ = ["complaint"]

_REASONS = 5


def complaint(
    config: EventsConfig, counts: Mapping[str, Counts], quarantine: pl.LazyFrame
) -> str | None:
    """Why nothing can be published; None: all is well.

    Args:
        config: The sources.
        counts: By name of the source.
        quarantine: The refused records of all of them.
    """
    if not any(_has_events(source, counts[source.name]) for source in config.sources):
        return _no_events(counts, quarantine)
    found = [
        _too_many(source, counts[source.name], quarantine)
        for source in config.sources
        if counts[source.name].refused > source.max_bad_fraction * counts[source.name].read
    ]
    return "\n".join(found) or None


def _has_events(source: Source, count: Counts) -> bool:
    return isinstance(source, EventSource) and count.sound > 0


def _no_events(counts: Mapping[str, Counts], quarantine: pl.LazyFrame) -> str:
    said = "; ".join(
        f"{name}: {count.read} read, {count.filtered} filtered, {count.refused} quarantined"
        for name, count in counts.items()
    )
    return (
        f"[events] no event is left ({said}).{_reasons(quarantine)}\nExpected at least one. "
        "Correct the mapping or the log."
    )


def _too_many(source: Source, count: Counts, quarantine: pl.LazyFrame) -> str:
    return (
        f"[events] source {source.name}: {count.refused:,} of {count.read:,} records were refused "
        f"({count.refused / count.read:.2%}); expected no more than max_bad_fraction, "
        f"{source.max_bad_fraction:.2%}.{_reasons(quarantine.filter(source=source.name))}\n"
        f"Correct the log or the mapping, or raise max_bad_fraction of {source.name}."
    )


def _reasons(quarantine: pl.LazyFrame) -> str:
    return "".join(f"\n  {reason}" for reason in commonest(quarantine, _REASONS))
