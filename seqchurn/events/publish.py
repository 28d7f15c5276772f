"""What was delivered -> the tables that are published: events, quarantine, identity."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from contextlib import ExitStack
from typing import Any

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import EventSource, LinksSource, Source
from seqchurn.events.deliveries import Counts, Intake, Terms
from seqchurn.events.hashing import bucket
from seqchurn.events.identity.resolution import IDENTIFIER, Resolution
from seqchurn.events.merging.merge import Merged, merge
from seqchurn.events.merging.routing import Records, resolved, routed
from seqchurn.events.report import IngestReport
from seqchurn.events.spreading import gathered, spread
from seqchurn.events.summary import Summary
from seqchurn.progress import work
from seqchurn.schema import CUSTOMER_ID
from seqchurn.storage import BucketStore, BucketWriter

__all__ = ["identity_store", "publish", "quarantine_store", "refused_store"]

_log = logging.getLogger(__name__)

_MOST_NAMED = 5

_AT = "seqchurn:at"


def quarantine_store(store: BucketStore) -> BucketStore:
    """Where the refused records of an events table lie: one file, in order of the sources."""
    return BucketStore(store.folder / "quarantine")


def refused_store(store: BucketStore) -> BucketStore:
    """Where the refused records of the last run lie if it was stopped, like the quarantine."""
    return BucketStore(store.folder / "refused")


def identity_store(store: BucketStore) -> BucketStore:
    """Which customer each identifier of an events table is of, if it is linked to another."""
    return BucketStore(store.folder / "identity")


def publish(
    intake: Intake, config: EventsConfig, store: BucketStore, terms: Terms, inputs: str
) -> list[IngestReport]:
    """Merge what was delivered and replace all tables by what comes out.

    Args:
        intake: What was delivered.
        config: The sources.
        store: Of the events table.
        terms: What all was read under.
        inputs: Fingerprint for the manifests.

    Returns:
        One report per source, in order of the config.

    Raises:
        DataError: If a customer is twice in the customers' table.
        EnvironmentFailure: If the disk refuses.
    """
    naming = terms.naming
    sources = [Records(source, intake.parts(source.name)) for source in config.sources]
    quarantine = intake.quarantine()
    with ExitStack() as published:  # the last one first
        published.enter_context(quarantine_store(store).publish(inputs=inputs)).write(0, quarantine)
        writer = published.enter_context(store.publish(inputs=inputs))
        if naming.order and config.identity is not None:
            parts = [part for records in sources for part in records.parts]
            most = config.identity.max_ids_per_customer
            identity = published.enter_context(identity_store(store).publish(inputs=inputs))
            resolution = resolved(parts, terms, most, identity.scratch)
            identity.facts |= _write_identity(resolution, identity)
            lying = [r for r in sources if r.parts and not isinstance(r.source, LinksSource)]
            sources = routed(lying, resolution, terms, writer.scratch)
        summary, merged = _write_events(sources, config, writer)
        reports = [
            _report(source, intake.ledger.sources[source.name].counts, merged[source.name])
            for source in config.sources
        ]
        writer.facts |= summary.facts()
        writer.facts |= {"sources": [r.as_json() for r in reports], "quarantined": _by(quarantine)}
    if not naming.order:
        shutil.rmtree(identity_store(store).folder, ignore_errors=True)
    return reports


def _write_events(
    sources: list[Records], config: EventsConfig, writer: BucketWriter
) -> tuple[Summary, Merged]:
    summary = Summary()
    merged: Merged = {source.name: Counter() for source in config.sources}

    def made(number: int) -> tuple[pl.DataFrame, tuple[Merged, Summary]]:
        table, counted = merge(number, sources, config)
        return table, (counted, Summary.of(table))

    with work("merging", config.buckets, "buckets") as merging:
        for counted, of_bucket in writer.write_each(range(config.buckets), made):
            summary += of_bucket
            for name, count in counted.items():
                merged[name].update(count)
            merging.done()
    return summary, merged


def _write_identity(resolution: Resolution, writer: BucketWriter) -> dict[str, Any]:
    """Write the identity table; identifiers that many share are its facts."""
    customers, shares = resolution.customers, resolution.shares
    folder, at = writer.scratch / "by_customer", bucket(pl.col(CUSTOMER_ID), shares.buckets)
    spread(customers, folder, shares.of(at))
    for share in range(shares.shares):
        found = gathered(folder, share, customers.collect_schema()).with_columns(at.alias(_AT))
        for (number, *_), rows in found.collect().partition_by(_AT, as_dict=True).items():
            writer.write(int(number), rows.drop(_AT).sort(CUSTOMER_ID, IDENTIFIER))
    most = dict(resolution.shared.head(_MOST_NAMED).iter_rows())
    if most:
        _log.warning(
            "%d identifiers are linked to more others than max_ids_per_customer; their links are "
            "not followed, as of %s (%d)",
            *(resolution.shared.height, *next(iter(most.items()))),
        )
    return {"n_shared": resolution.shared.height, "most_shared": most}


def _by(quarantine: pl.LazyFrame) -> dict[str, dict[str, int]]:
    """Refused records by source and rule."""
    reasons: dict[str, dict[str, int]] = {}
    counted = quarantine.group_by("source", "rule").len().sort("source", "rule").collect()
    for source, rule, count in counted.iter_rows():
        reasons.setdefault(source, {})[rule] = count
    return reasons


def _report(source: Source, counts: Counts, merged: Counter[str]) -> IngestReport:
    warnings = []
    if merged["alike"]:
        warnings.append(
            f"{merged['alike']} records repeat another in all mapped columns and were kept; "
            "set duplicates: drop if they are no events of their own"
        )
    if counts.line_breaks:
        warnings.append(
            f"{counts.line_breaks} records hold a line break inside quotes; if the log has no such "
            "texts, stray quotes have joined lines that are records of their own: correct them"
        )
    if merged["unseen"]:
        warnings.append(f"{merged['unseen']} customers have no event and are left out")
    is_log = isinstance(source, EventSource)
    return IngestReport(
        source=source.name,
        read=counts.read,
        kept=counts.sound - merged["duplicate"],
        duplicate=merged["duplicate"],
        quarantined=counts.refused,
        filtered=counts.filtered,
        folded_away=merged["kept"] - merged["events"] if is_log else 0,
        events=merged["events"],
        warnings=tuple(warnings),
    )
