"""Records by their own identifiers -> records by the customer whom the links make of them.

Records lie in the bucket of their own identifier, since links that are not yet seen may change
whose they are. Before each merge they are sent on to the bucket of the customer whom all links
together say they belong to, some buckets at a time, beside the customers of the identifiers that
lie in these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from seqchurn.config.sources import Source
from seqchurn.events.deliveries import OTHER, OWN, Part, Terms
from seqchurn.events.hashing import bucket
from seqchurn.events.identity.identifiers import LINKED
from seqchurn.events.identity.resolution import IDENTIFIER, Resolution, resolve
from seqchurn.events.spreading import Shares, gathered, spread
from seqchurn.schema import CUSTOMER_ID

__all__ = ["Records", "resolved", "routed"]

_AT_ONCE = 500_000
"""Links whose identifiers may be in memory together."""

_KNOWN = "seqchurn:known"


@dataclass(frozen=True)
class Records:
    """The records of one source, by bucket of their customer."""

    source: Source
    parts: Sequence[Part]
    folder: Path | None = None
    """Where they were sent on to; None: they lie in the parts as they are."""

    def read(self, bucket: int) -> pl.DataFrame:
        """Mapped records of one bucket, in any order."""
        if self.folder is None:
            return pl.concat([part.records(bucket) for part in self.parts]).collect()
        schema = self.parts[0].records(0).drop(LINKED).collect_schema()
        return gathered(self.folder, bucket, schema).collect()


def resolved(parts: Sequence[Part], terms: Terms, most_links: int, folder: Path) -> Resolution:
    """Who is whom, by the links of all sources.

    Args:
        parts: Of all sources.
        terms: What they were read under; what many shared when somebody was forgotten is not
            followed.
        most_links: As `resolve` takes it.
        folder: For work in between, and for what comes out.

    Returns:
        The customer of each identifier that is linked to another.
    """
    links = pl.concat([part.links() for part in parts])
    count = links.select(pl.len()).collect().item()
    return resolve(
        links.select(OWN, OTHER),
        folder,
        order=terms.naming.order,
        most_links=most_links,
        shares=Shares.of_rows(count, _AT_ONCE, terms.buckets),
        unfollowed=terms.forgotten.holds_shared(pl.col(IDENTIFIER)),
    )


def routed(
    sources: Sequence[Records], resolution: Resolution, terms: Terms, folder: Path
) -> list[Records]:
    """Send the records of all sources on to the buckets of their customers.

    Args:
        sources: As they lie in the parts, `customer_id` an identifier.
        resolution: Who is whom.
        terms: What they were read under.
        folder: Where to make a folder for each source, and one for who is known where.

    Returns:
        The same records, by bucket of their customer.
    """
    shares, naming = resolution.shares, terms.naming
    lying_in = bucket(naming.name(pl.col(IDENTIFIER)), terms.buckets)
    known = resolution.customers.rename({CUSTOMER_ID: _KNOWN})
    spread(known, folder / _KNOWN, shares.of(lying_in))
    schema = known.collect_schema()
    whose = pl.coalesce(pl.col(_KNOWN), naming.name(pl.col(CUSTOMER_ID)))
    for share in range(shares.shares):
        here = gathered(folder / _KNOWN, share, schema)
        for records in sources:
            buckets = shares.buckets_of(share)
            lying = pl.concat([part.records(*buckets) for part in records.parts]).drop(LINKED)
            sent = lying.join(here, left_on=CUSTOMER_ID, right_on=IDENTIFIER, how="left")
            named = sent.with_columns(whose.alias(CUSTOMER_ID)).drop(_KNOWN)
            to = bucket(pl.col(CUSTOMER_ID), terms.buckets)
            spread(named, folder / records.source.name / str(share), to)
    return [Records(r.source, r.parts, folder / r.source.name) for r in sources]
