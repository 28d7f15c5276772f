"""Raw logs -> the events table: the recipe.

What is new or changed is read into parts that stay on the disk (`deliveries`); then the parts of
all sources are merged, bucket by bucket: repeats dropped, line items folded, identifiers resolved,
the customers' attributes joined. The events are a function of what was delivered, of the config
and of who was forgotten, and of nothing else: neither the order of records nor the number of runs
in which they came changes anything. Memory is bounded by two buckets, but for some bytes a link
between identifiers.

Events and quarantine are published together, the events first; both carry the fingerprint of
their inputs, so that a run that is killed between the two is repeated. Of a run that is stopped,
because too much was refused, neither is: its refused records are a table of their own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from datetime import UTC, datetime

from seqchurn.config.events import EventsConfig
from seqchurn.errors import DataError
from seqchurn.events.checks.column_rules import check_rules
from seqchurn.events.deliveries import Deliveries, Intake, Ledger, Terms
from seqchurn.events.identity.forgotten import Forgotten
from seqchurn.events.identity.identifiers import Naming
from seqchurn.events.limits import complaint
from seqchurn.events.merging.fold import check_folds
from seqchurn.events.merging.merge import columns
from seqchurn.events.publish import identity_store, publish, quarantine_store, refused_store
from seqchurn.events.report import IngestReport
from seqchurn.schema import SCHEMA_VERSION
from seqchurn.storage import BucketStore

__all__ = ["deliveries_of", "fingerprint", "ingest"]

_log = logging.getLogger(__name__)


def ingest(
    config: EventsConfig, store: BucketStore, *, force: bool = False, now: datetime | None = None
) -> list[IngestReport]:
    """Bring the events table up to date, unless it is.

    Args:
        config: The sources.
        store: Where the table goes; the refused records go to `quarantine_store(store)`, those
            of a run that is stopped to `refused_store(store)`, and what must be kept to read each
            file only once to a folder beside them.
        force: Read all files and build the table even if nothing has changed.
        now: Time of the run; default: the clock's.

    Returns:
        One report per source, in order of the config.

    Raises:
        ConfigError: If a source does not fit its files.
        DataError: If no event is left, more of a source is refused than its config allows, a
            file that must not have changed has, or a customer is twice in the customers' table.
        EnvironmentFailure: If the disk refuses.
        LockedError: If another run prepares the same table.
    """
    check_folds(config)
    check_rules(config)
    columns(config)
    delivered, naming = deliveries_of(store), Naming.of(config.identity)
    with delivered.locked():
        forgotten = Forgotten.read(store.folder)
        forgotten.check(naming)
        terms = Terms(config.buckets, now or datetime.now(UTC), naming, forgotten)
        intake = delivered.take_in(config, terms, force=force)
        inputs = fingerprint(config, intake.ledger)
        tables = [store, quarantine_store(store)] + [identity_store(store)] * bool(naming.order)
        if not force and all(_is_of(inputs, table) for table in tables):
            delivered.commit(intake)  # a file may have been touched
            for table in tables:
                table.clear()
            shutil.rmtree(refused_store(store).folder, ignore_errors=True)
            _log.info("events in %s are up to date", store.folder)
            return [IngestReport.from_json(report) for report in store.manifest()["sources"]]
        _stop_unless_sound(intake, config, store)
        intake = delivered.commit(intake)
        reports = publish(intake, config, store, terms, inputs)
        if naming.key is not None:  # what these replace may be from before ids were hashed
            for table in tables:
                table.purge()
    for report in reports:
        for warning in report.warnings:
            _log.warning("source %s: %s", report.source, warning)
    return reports


def deliveries_of(store: BucketStore) -> Deliveries:
    """What was read for an events table."""
    return Deliveries(store.folder / "deliveries")


def fingerprint(config: EventsConfig, ledger: Ledger) -> str:
    """Hash of all that the events table is made of."""
    inputs = [SCHEMA_VERSION, config.model_dump(mode="json"), ledger.digest]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _is_of(inputs: str, table: BucketStore) -> bool:
    return table.exists() and table.manifest().get("inputs") == inputs


def _stop_unless_sound(intake: Intake, config: EventsConfig, store: BucketStore) -> None:
    counts = {name: source.counts for name, source in intake.ledger.sources.items()}
    quarantine = intake.quarantine()
    problem = complaint(config, counts, quarantine)
    kept = refused_store(store)
    if problem is None:
        shutil.rmtree(kept.folder, ignore_errors=True)
        return
    with kept.publish() as writer:
        writer.write(0, quarantine)
    raise DataError(f"{problem}\nNothing was published; the refused records are in {kept.folder}.")
