"""Sources that were split -> what keeps them from being published, in words."""

from __future__ import annotations

import polars as pl

from seqchurn.config.sources import CustomersSource
from seqchurn.events.quarantine import commonest
from seqchurn.events.split import SplitSource

__all__ = ["complaint"]

_REASONS = 5


def complaint(sources: list[SplitSource], quarantine: pl.LazyFrame) -> str | None:
    """Why nothing can be published; None: all is well.

    Args:
        sources: All sources of the config.
        quarantine: The refused records of all of them.
    """
    if not any(_has_events(source) for source in sources):
        return _no_events(sources, quarantine)
    found = [_too_many(source, quarantine) for source in sources if _is_over(source)]
    return "\n".join(found) or None


def _has_events(split: SplitSource) -> bool:
    is_log = not isinstance(split.source, CustomersSource)
    return is_log and split.count() > split.filtered + split.refused


def _is_over(split: SplitSource) -> bool:
    return split.refused > split.source.max_bad_fraction * split.count()


def _no_events(sources: list[SplitSource], quarantine: pl.LazyFrame) -> str:
    counts = "; ".join(
        f"{s.source.name}: {s.count()} read, {s.filtered} filtered, {s.refused} quarantined"
        for s in sources
    )
    return (
        f"[events] no event is left ({counts}).{_reasons(quarantine)}\nExpected at least one. "
        "Correct the mapping or the log."
    )


def _too_many(split: SplitSource, quarantine: pl.LazyFrame) -> str:
    source, read = split.source, split.count()
    return (
        f"[events] source {source.name}: {split.refused:,} of {read:,} records were refused "
        f"({split.refused / read:.2%}); expected no more than max_bad_fraction, "
        f"{source.max_bad_fraction:.2%}.{_reasons(quarantine.filter(source=source.name))}\n"
        f"Correct the log or the mapping, or raise max_bad_fraction of {source.name}."
    )


def _reasons(quarantine: pl.LazyFrame) -> str:
    return "".join(f"\n  {reason}" for reason in commonest(quarantine, _REASONS))
