"""Ids of customers -> an events table without them, now and after every later run.

First their identifiers are written down, as hashes (`forgotten`); from then on each run leaves
them out, so that one that is killed here is finished by the next.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import EventSource, Source
from seqchurn.errors import DataError
from seqchurn.events.deliveries import Counts, Intake, Ledger, Terms, mapping_hash
from seqchurn.events.identity.forgotten import Forgotten
from seqchurn.events.identity.identifiers import Naming
from seqchurn.events.identity.keyed import keyed_hash
from seqchurn.events.identity.resolution import IDENTIFIER
from seqchurn.events.ingest import deliveries_of, fingerprint
from seqchurn.events.merging.routing import resolved
from seqchurn.events.publish import identity_store, publish, quarantine_store, refused_store
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

    Returns:
        Who they were, and what there was of them.

    Raises:
        ConfigError: If the environment variable with the key that ids are hashed under is not set.
        DataError: If the config has changed since it was read, or what was delivered is damaged.
        EnvironmentFailure: If the disk refuses.
        LockedError: If another run prepares the same table.
    """
    delivered, naming = deliveries_of(store), Naming.of(config.identity)
    with delivered.locked():
        forgotten = Forgotten.read(store.folder)
        forgotten.check(naming)
        terms = Terms(config.buckets, datetime.now(UTC), naming, forgotten)
        before = delivered.commit(delivered.cleansed(terms))
        _check_mapping(before.ledger, config)
        persons = _Persons(customer_ids, before, config, terms)
        names = {who: persons.name(who) for who in dict.fromkeys(customer_ids)}
        firsts = _first_events(store, list(names.values()))
        everyone = {i for who in names for i in persons.identifiers(who)}
        forgotten = forgotten.add(store.folder, sorted(everyone), naming, persons.shared)
        terms = replace(terms, forgotten=forgotten)
        after = delivered.commit(delivered.cleansed(terms))
        _publish(after, config, store, terms)
        shutil.rmtree(refused_store(store).folder, ignore_errors=True)
    known = {*firsts, *persons.linked}
    return ForgottenCustomers(
        customer_ids=list(names.values()),
        unknown=[name for name in names.values() if name not in known],
        first_event_at=min(firsts.values(), default=None),
        records=_filtered(after) - _filtered(before),
    )


def _check_mapping(ledger: Ledger, config: EventsConfig) -> None:
    """Check that what was delivered was read as the config says, or the tables cannot be made."""
    asked = {source.name: mapping_hash(source, config) for source in config.sources}
    read = {name: source.mapping for name, source in ledger.sources.items()}
    if read and list(asked.items()) != list(read.items()):
        raise DataError(
            f"[events] the sources of the config, {', '.join(asked)}, are not as they were read "
            f"last, {', '.join(read)}. Nobody was forgotten. Run seqchurn prepare, then seqchurn "
            "forget again."
        )


def _first_events(store: BucketStore, names: list[str]) -> dict[str, datetime]:
    """The time of the earliest event of each customer who has one."""
    if not store.exists():
        return {}
    theirs = store.scan().filter(pl.col(CUSTOMER_ID).is_in(names))
    first = theirs.group_by(CUSTOMER_ID).agg(pl.col(TIMESTAMP).min())
    return dict(first.collect().iter_rows())


def _publish(intake: Intake, config: EventsConfig, store: BucketStore, terms: Terms) -> None:
    """Make all tables anew, and remove what they replace; without an event left there are none."""
    counts = [intake.ledger.sources[s.name].counts for s in config.sources if _is_read(s, intake)]
    is_empty = not any(count.sound for count in counts)
    if not is_empty:
        try:
            publish(intake, config, store, terms, fingerprint(config, intake.ledger))
        except DataError as error:
            then = "Then run seqchurn prepare, and seqchurn forget again to finish."
            raise DataError(f"{error} {then}") from error
    for table in (store, quarantine_store(store), identity_store(store)):
        table.purge(everything=is_empty)


def _is_read(source: Source, intake: Intake) -> bool:
    return isinstance(source, EventSource) and source.name in intake.ledger.sources


class _Persons:
    """Which identifiers belong to some customers."""

    def __init__(
        self, customer_ids: Sequence[str], intake: Intake, config: EventsConfig, terms: Terms
    ) -> None:
        self._naming = terms.naming
        self.shared: dict[str, int] = {}
        """Identifiers that many share, and how many others each is linked to."""
        self._theirs = pl.DataFrame(schema={IDENTIFIER: pl.String, CUSTOMER_ID: pl.String})
        parts = [part for source in config.sources for part in intake.parts(source.name)]
        if parts and terms.naming.order and config.identity is not None:
            most = config.identity.max_ids_per_customer
            resolution = resolved(parts, terms, most, intake.scratch)
            given = [identifier for who in customer_ids for identifier in self._given(who)]
            asked = resolution.customers.filter(pl.col(IDENTIFIER).is_in(given))
            names = asked.select(CUSTOMER_ID).unique().collect().to_series()
            theirs = resolution.customers.filter(pl.col(CUSTOMER_ID).is_in(names.implode()))
            self._theirs = theirs.sort(IDENTIFIER).collect()
            self.shared = dict(resolution.shared.iter_rows())
        self.linked = set(self._theirs[CUSTOMER_ID])
        """Those of them who are known by several identifiers."""

    def name(self, who: str) -> str:
        """What a customer is called in the tables."""
        given = self._given(who)
        known = self._theirs.filter(pl.col(IDENTIFIER).is_in(given))[CUSTOMER_ID]
        if len(known):
            return str(known[0])
        return str(pl.select(self._naming.name(pl.lit(given[0]))).item())

    def identifiers(self, who: str) -> list[str]:
        """All identifiers of a customer.

        Raises:
            DataError: If it is an identifier that many share: nobody can tell whose it is.
        """
        shared = [given for given in self._given(who) if given in self.shared]
        if shared:
            raise DataError(
                f"[events] {shared[0]} is linked to {self.shared[shared[0]]} other identifiers, "
                "more than identity.max_ids_per_customer, so that nobody can tell whose it is. "
                "Nobody was forgotten. Name one of the others, or raise max_ids_per_customer and "
                "run seqchurn prepare first if it is of one person."
            )
        theirs = self._theirs.filter(customer_id=self.name(who))[IDENTIFIER]
        return [*self._given(who), *theirs]

    def _given(self, who: str) -> list[str]:
        """What a record would carry that has this id; where ids are hashed, it may be a hash."""
        kind, _, value = who.partition(":")
        if kind not in self._naming.order:
            kind, value = (*self._naming.order[:1], "")[0], who
        values = [value]
        if self._naming.key is not None:
            hashed = keyed_hash(value, self._naming.key)
            values = [hashed, value] if re.fullmatch("[0-9a-f]{32}", value) else [hashed]
        return [f"{kind}:{v}" if self._naming.order else v for v in values]


def _filtered(intake: Intake) -> int:
    counts = [source.counts for source in intake.ledger.sources.values()]
    return sum(counts, Counts()).filtered
