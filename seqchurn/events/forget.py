"""Ids of customers -> an events table without them, now and after every later run.

First their identifiers are written down, as hashes (`forgotten`); from then on each run leaves
them out, so that one that is killed here is finished by the next.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.events.deliveries import Counts, Intake, Terms
from seqchurn.events.forgotten import Forgotten
from seqchurn.events.identifiers import Naming
from seqchurn.events.ingest import deliveries, fingerprint
from seqchurn.events.keyed import keyed_hash
from seqchurn.events.publish import identity_store, publish, quarantine_store, refused_store
from seqchurn.events.resolution import IDENTIFIER
from seqchurn.events.routing import resolved
from seqchurn.schema import CUSTOMER_ID, TIMESTAMP
from seqchurn.storage import BucketStore

__all__ = ["ForgottenCustomers", "forget"]


@dataclass(frozen=True)
class ForgottenCustomers:
    """Whom a run has forgotten."""

    customer_ids: list[str]
    """What they were called in the tables; hashed where the config hashes ids."""
    unknown: list[str]
    """Of these, those of whom there was no record."""
    first_event_at: datetime | None
    """Their earliest event; None: there was none."""
    records: int
    """How many records of theirs were removed."""


def forget(
    config: EventsConfig, store: BucketStore, customer_ids: Sequence[str]
) -> ForgottenCustomers:
    """Remove customers from all that was delivered and published, and leave word to do so again.

    Args:
        config: The sources; none of them is read.
        store: Of the events table.
        customer_ids: An identifier of each, as the raw logs have it or as the tables do; where
            several kinds are told apart, one of another kind than the first as kind:value.

    Raises:
        DataError: If there is no events table, or what was delivered is damaged.
        EnvironmentFailure: If the disk refuses.
        LockedError: If another run prepares the same table.
    """
    snapshot = store.snapshot()
    delivered, naming = deliveries(store), Naming.of(config.identity)
    with delivered.locked():
        forgotten = Forgotten.read(store.folder)
        terms = Terms(config.buckets, datetime.now(UTC), naming, forgotten)
        before = delivered.commit(delivered.cleansed(terms))
        persons = _Persons(before, config, naming)
        names = {who: persons.name(who) for who in dict.fromkeys(customer_ids)}
        everyone = {i for who in names for i in persons.identifiers(who)}
        forgotten = forgotten.add(store.folder, sorted(everyone))
        terms = Terms(config.buckets, terms.now, naming, forgotten)
        theirs = snapshot.scan().filter(pl.col(CUSTOMER_ID).is_in(sorted(set(names.values()))))
        first = theirs.group_by(CUSTOMER_ID).agg(pl.col(TIMESTAMP).min()).collect()
        after = delivered.commit(delivered.cleansed(terms))
        inputs = fingerprint(config, after.ledger)
        publish(after, config, store, naming, inputs)
        for table in (store, quarantine_store(store), identity_store(store)):
            table.purge()
        shutil.rmtree(refused_store(store).folder, ignore_errors=True)
    known = {*first[CUSTOMER_ID], *persons.linked}
    return ForgottenCustomers(
        customer_ids=list(names.values()),
        unknown=[name for name in names.values() if name not in known],
        first_event_at=first.select(pl.col(TIMESTAMP).min()).item(),
        records=_filtered(after) - _filtered(before),
    )


class _Persons:
    """Which identifiers belong to whom."""

    def __init__(self, intake: Intake, config: EventsConfig, naming: Naming) -> None:
        self._naming = naming
        self._customers = pl.DataFrame(schema={IDENTIFIER: pl.String, CUSTOMER_ID: pl.String})
        if naming.order and config.identity is not None:
            parts = [part for source in config.sources for part in intake.parts(source.name)]
            if parts:
                most = config.identity.max_ids_per_customer
                self._customers = resolved(parts, naming, most).customers
        self.linked = set(self._customers[CUSTOMER_ID])
        """Customers who are known by several identifiers."""

    def name(self, who: str) -> str:
        """What a customer is called in the tables."""
        given = self._given(who)
        known = self._customers.filter(pl.col(IDENTIFIER).is_in(given))[CUSTOMER_ID]
        if len(known):
            return str(known[0])
        return str(pl.select(self._naming.name(pl.lit(given[0]))).item())

    def identifiers(self, who: str) -> list[str]:
        """All identifiers of a customer."""
        theirs = self._customers.filter(customer_id=self.name(who))[IDENTIFIER]
        return [*self._given(who), *theirs]

    def _given(self, who: str) -> list[str]:
        """What a record would carry that has this id; where ids are hashed, it may be a hash."""
        kind, _, value = who.partition(":")
        if kind not in self._naming.order:
            kind, value = (*self._naming.order[:1], "")[0], who
        values = [value]
        if self._naming.key is not None:
            hashed = keyed_hash(self._naming.key, value)
            values = [value, hashed] if re.fullmatch("[0-9a-f]{32}", value) else [hashed]
        return [f"{kind}:{v}" if self._naming.order else v for v in values]


def _filtered(intake: Intake) -> int:
    counts = [source.counts for source in intake.ledger.sources.values()]
    return sum(counts, Counts()).filtered
