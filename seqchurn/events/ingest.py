"""Raw logs -> the events table: the recipe.

First every source is split into buckets of customers (`split`), then the sources are merged
bucket by bucket (`merge`): repeats dropped, line items folded, the customers' attributes
joined. Memory is bounded by a bucket. The order of records in the raw files changes nothing.

Events and quarantine are published together, the events first; both carry the fingerprint of
their inputs, so that a run that is killed between the two is repeated. Of a run that is stopped,
because too much was refused, neither is: its refused records are a table of their own.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import CustomersSource
from seqchurn.errors import DataError
from seqchurn.events.fingerprint import fingerprint
from seqchurn.events.fold import check_folds
from seqchurn.events.limits import complaint
from seqchurn.events.merge import Counts, columns, merge
from seqchurn.events.report import IngestReport
from seqchurn.events.rules import SLACK, check_rules
from seqchurn.events.split import SplitSource, split
from seqchurn.events.summary import Summary
from seqchurn.schema import QUARANTINE, dtypes
from seqchurn.storage import BucketStore, BucketWriter

__all__ = ["ingest", "quarantine_store", "refused_store"]

_log = logging.getLogger(__name__)


def ingest(
    config: EventsConfig, store: BucketStore, *, force: bool = False, now: datetime | None = None
) -> list[IngestReport]:
    """Build the events table, unless nothing has changed since it was built.

    Args:
        config: The sources.
        store: Where the table goes; the refused records go to `quarantine_store(store)`, those
            of a run that is stopped to `refused_store(store)`.
        force: Build it even if the inputs are unchanged.
        now: Time of the run; default: the clock's.

    Returns:
        One report per source, in order of the config.

    Raises:
        ConfigError: If a source does not fit its files.
        DataError: If no event is left, more of a source is refused than its config allows, or a
            customer is twice in the customers' table.
        EnvironmentFailure: If the disk refuses.
    """
    now = now or datetime.now(UTC)
    inputs = fingerprint(config)
    quarantine = quarantine_store(store)
    if not force and all(_is_of(inputs, table, now) for table in (store, quarantine)):
        _log.info("events in %s are up to date", store.folder)
        return [IngestReport.from_json(report) for report in store.manifest()["sources"]]
    check_folds(config)
    check_rules(config)
    columns(config)
    with quarantine.publish(inputs=inputs) as refused:
        sources = []
        for number, source in enumerate(config.sources):
            _log.info("reading source %s", source.name)
            sources.append(split(source, refused.scratch / str(number), config.buckets, now))
        table = _quarantine(sources)
        _stop_unless_sound(sources, table, store)
        refused.write(0, table)
        facts = {"inputs": inputs, "read_again_from": _read_again_from(sources, now)}
        reports = _publish_events(sources, config, store, facts, table)
        shutil.rmtree(refused_store(store).folder, ignore_errors=True)
    for report in reports:
        for warning in report.warnings:
            _log.warning("source %s: %s", report.source, warning)
    return reports


def quarantine_store(store: BucketStore) -> BucketStore:
    """Where the refused records of an events table lie: one file, in order of the sources."""
    return BucketStore(store.folder / "quarantine")


def refused_store(store: BucketStore) -> BucketStore:
    """Where the refused records of the last run lie if it was stopped, like the quarantine."""
    return BucketStore(store.folder / "refused")


def _is_of(inputs: str, store: BucketStore, now: datetime) -> bool:
    if not store.exists():
        return False
    manifest = store.manifest()
    due = manifest.get("read_again_from")
    in_time = due is None or now < datetime.fromisoformat(due)
    return in_time and manifest.get("inputs") == inputs


def _stop_unless_sound(
    sources: list[SplitSource], quarantine: pl.LazyFrame, store: BucketStore
) -> None:
    problem = complaint(sources, quarantine)
    if problem is None:
        return
    kept = refused_store(store)
    with kept.publish() as writer:
        writer.write(0, quarantine)
    raise DataError(f"{problem}\nNothing was published; the refused records are in {kept.folder}.")


def _read_again_from(sources: list[SplitSource], now: datetime) -> str | None:
    """When the first record that was refused as one of the future no longer will be."""
    stamps = [source.first_refused_after(now + SLACK) for source in sources]
    first = min((stamp for stamp in stamps if stamp is not None), default=None)
    return None if first is None else (first - SLACK).isoformat()


def _quarantine(sources: list[SplitSource]) -> pl.LazyFrame:
    """The refused records of all sources."""
    files = [source.quarantine for source in sources if source.quarantine.exists()]
    return pl.scan_parquet(files) if files else pl.LazyFrame(schema=dtypes(QUARANTINE))


def _publish_events(
    sources: list[SplitSource],
    config: EventsConfig,
    store: BucketStore,
    facts: dict[str, Any],
    quarantine: pl.LazyFrame,
) -> list[IngestReport]:
    reasons: dict[str, dict[str, int]] = {}
    counted = quarantine.group_by("source", "rule").len().sort("source", "rule").collect()
    for source, rule, count in counted.iter_rows():
        reasons.setdefault(source, {})[rule] = count
    with store.publish(**facts) as writer:
        summary, counts = _write_buckets(sources, config, writer)
        reports = [_report(split, counts[split.source.name]) for split in sources]
        writer.facts |= summary.facts()
        writer.facts |= {"sources": [r.as_json() for r in reports], "quarantined": reasons}
    return reports


def _write_buckets(
    sources: list[SplitSource], config: EventsConfig, writer: BucketWriter
) -> tuple[Summary, Counts]:
    summary = Summary()
    counts: Counts = {source.source.name: Counter() for source in sources}
    for bucket in range(config.buckets):
        table, counted = merge(bucket, sources, config)
        for name, count in counted.items():
            counts[name].update(count)
        if table.height:
            writer.write(bucket, table)
            summary.add(table)
    return summary, counts


def _report(split: SplitSource, count: Counter[str]) -> IngestReport:
    warnings = []
    if count["alike"]:
        warnings.append(
            f"{count['alike']} records repeat another in all mapped columns and were kept; "
            "set duplicates: drop if they are no events of their own"
        )
    if split.line_breaks:
        warnings.append(
            f"{split.line_breaks} records hold a line break inside quotes; if the log has no such "
            "texts, stray quotes have joined lines that are records of their own: correct them"
        )
    if count["unseen"]:
        warnings.append(f"{count['unseen']} customers have no event and are left out")
    is_table = isinstance(split.source, CustomersSource)
    return IngestReport(
        source=split.source.name,
        read=split.count(),
        kept=count["kept"],
        duplicate=count["duplicate"],
        quarantined=split.refused,
        filtered=split.filtered,
        folded_away=0 if is_table else count["kept"] - count["events"],
        events=count["events"],
        warnings=tuple(warnings),
    )
