"""seqchurn prepare: raw logs -> events -> sequences, and what became of every record."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from seqchurn.config import Config
from seqchurn.console import table
from seqchurn.events import IngestReport, identity_store, ingest, quarantine_store
from seqchurn.sequences import build_store
from seqchurn.storage import BucketStore

__all__ = ["run"]

_log = logging.getLogger(__name__)

_COUNTS = ["read", "kept", "duplicate", "quarantined", "filtered", "folded_away", "events"]
_MOST_REASONS = 6
"""Sources and rules on the terminal, those of the most records; the manifest has all."""


def run(config: Config, *, force: bool = False) -> None:
    """Ingest the raw logs, build the sequences, print what became of the records.

    Args:
        config: The whole config.
        force: Build both tables even if nothing has changed.

    Raises:
        SeqchurnError: If the config, the data or the disk do not allow it.
    """
    events = BucketStore(config.store / "events" / config.name)
    sequences = BucketStore(config.store / "sequences" / config.name)
    reports = ingest(config.events, events, force=force)
    _log.info("building sequences")
    build_store(
        events,
        sequences,
        attributes=config.events.attributes("number") + config.events.attributes("category"),
        static=config.events.static_attributes("number")
        + config.events.static_attributes("category"),
        force=force,
    )
    manifest = events.manifest()
    _print_counts(reports)
    _print_quarantine(manifest["quarantined"], quarantine_store(events))
    _print_identity(identity_store(events))
    _print_summary(manifest)
    print(f"\nevents     {events.folder}\nsequences  {sequences.folder}")


def _print_counts(reports: Sequence[IngestReport]) -> None:
    rows = [[report.source, *(getattr(report, count) for count in _COUNTS)] for report in reports]
    print(table(rows, ["source", *(count.replace("_", " ") for count in _COUNTS)]))
    print("read = kept + duplicate + quarantined + filtered; events = kept - folded away")
    for report in reports:
        for warning in report.warnings:
            print(f"{report.source}: {warning}")


def _print_quarantine(reasons: dict[str, dict[str, int]], store: BucketStore) -> None:
    if not reasons:
        return
    rows: list[tuple[str, str, int]] = [
        (source, rule, n) for source, rules in reasons.items() for rule, n in rules.items()
    ]
    rows.sort(key=lambda row: row[-1], reverse=True)
    print("\n" + table(rows[:_MOST_REASONS], ["source", "quarantined for", "records"]))
    if len(rows) > _MOST_REASONS:
        print(f"and {len(rows) - _MOST_REASONS:,} more")
    print(f"the records and their reasons: {store.folder}")


def _print_identity(store: BucketStore) -> None:
    if not store.exists():
        return
    manifest = store.manifest()
    print(f"\nidentifiers that are linked to another: {manifest['total_rows']:,}, {store.folder}")
    if manifest["n_shared"]:
        most = ", ".join(f"{who} ({links:,})" for who, links in manifest["most_shared"].items())
        print(f"not followed, as many share them: {manifest['n_shared']:,}, as {most}")


def _print_summary(manifest: dict[str, Any]) -> None:
    types = ", ".join(f"{n:,} {name}" for name, n in manifest["events_per_type"].items())
    print(f"\ncustomers  {manifest['n_customers']:,}")
    print(f"events     {manifest['n_events']:,}: {types}")
    print(f"span       {manifest['first_timestamp']} to {manifest['last_timestamp']}")
