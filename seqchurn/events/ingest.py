"""Raw logs -> the events table: the recipe.

First every source is split into buckets of customers (`split`), then the sources are merged
bucket by bucket (`merge`): repeats dropped, line items folded, the customers' attributes
joined. Memory is bounded by a bucket. The order of records in the raw files changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter

import polars as pl

from seqchurn.config.events import CustomersSource, EventsConfig
from seqchurn.errors import DataError
from seqchurn.events.fingerprint import fingerprint
from seqchurn.events.fold import check_folds
from seqchurn.events.merge import Counts, columns, merge
from seqchurn.events.report import IngestReport
from seqchurn.events.split import SplitSource, split
from seqchurn.events.summary import Summary
from seqchurn.schema import QUARANTINE, dtypes
from seqchurn.storage import BucketStore, BucketWriter

__all__ = ["ingest", "quarantine_store"]

_log = logging.getLogger(__name__)


def ingest(config: EventsConfig, store: BucketStore, *, force: bool = False) -> list[IngestReport]:
    """Build the events table, unless nothing has changed since it was built.

    Args:
        config: The sources.
        store: Where the table goes; the refused records go to `quarantine_store(store)`.
        force: Build it even if the inputs are unchanged.

    Returns:
        One report per source, in order of the config.

    Raises:
        ConfigError: If a source does not fit its files.
        DataError: If no event is left, or a customer is twice in the customers' table.
        EnvironmentFailure: If the disk refuses.
    """
    inputs = fingerprint(config)
    if not force and store.exists() and store.manifest().get("inputs") == inputs:
        _log.info("events in %s are up to date", store.folder)
        return [IngestReport.from_json(report) for report in store.manifest()["sources"]]
    check_folds(config)
    columns(config)
    with store.publish(inputs=inputs) as writer:
        sources = []
        for number, source in enumerate(config.sources):
            _log.info("reading source %s", source.name)
            sources.append(split(source, writer.scratch / str(number), config.buckets))
        reasons = _publish_quarantine(sources, quarantine_store(store))
        summary, counts = _write_buckets(sources, config, writer)
        reports = [_report(source, counts[source.source.name]) for source in sources]
        if not summary.n_events:
            raise _no_events(reports, reasons, store)
        writer.facts |= summary.facts()
        writer.facts |= {"sources": [r.as_json() for r in reports], "quarantined": reasons}
    for report in reports:
        for warning in report.warnings:
            _log.warning("source %s: %s", report.source, warning)
    return reports


def quarantine_store(store: BucketStore) -> BucketStore:
    """Where the refused records of an events table lie: one file, in order of the sources."""
    return BucketStore(store.folder / "quarantine")


def _publish_quarantine(
    sources: list[SplitSource], store: BucketStore
) -> dict[str, dict[str, int]]:
    """Publish the refused records; their number per source and rule."""
    files = [source.quarantine for source in sources if source.quarantine.exists()]
    table = pl.scan_parquet(files) if files else pl.LazyFrame(schema=dtypes(QUARANTINE))
    with store.publish() as writer:
        writer.write(0, table)
    counts = table.group_by("source", "rule").len().sort("source", "rule").collect()
    reasons: dict[str, dict[str, int]] = {}
    for source, rule, count in counts.iter_rows():
        reasons.setdefault(source, {})[rule] = count
    return reasons


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


def _no_events(
    reports: list[IngestReport], reasons: dict[str, dict[str, int]], store: BucketStore
) -> DataError:
    counts = "; ".join(
        f"{r.source}: {r.read} read, {r.filtered} filtered, {r.quarantined} quarantined"
        + "".join(f", {n} {rule}" for rule, n in reasons.get(r.source, {}).items())
        for r in reports
    )
    return DataError(
        f"[events] no event is left ({counts}). Expected at least one. Correct the mapping; the "
        f"refused records are in {quarantine_store(store).folder}."
    )
