"""Records by their own identifiers -> records by the customer whom the links make of them.

Records lie in the bucket of their own identifier, since links that are not yet seen may change
whose they are. Before each merge they are sent on to the bucket of the customer whom all links
together say they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from seqchurn.config.sources import Source
from seqchurn.events.deliveries import OTHER, OWN, Part
from seqchurn.events.hashing import bucket
from seqchurn.events.identity.forgotten import Forgotten
from seqchurn.events.identity.identifiers import LINKED, Naming
from seqchurn.events.identity.resolution import IDENTIFIER, Resolution, resolve
from seqchurn.schema import CUSTOMER_ID

__all__ = ["Records", "resolved", "routed"]

_TO = "seqchurn:to"


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
        files = sorted(self.folder.glob(f"{_TO}={bucket}/*.parquet"))
        schema = self.parts[0].records(0).drop(LINKED).collect_schema()
        if not files:
            return pl.DataFrame(schema=schema)
        return pl.scan_parquet(files, hive_partitioning=False).select(schema.names()).collect()


def resolved(
    parts: Sequence[Part], naming: Naming, most_links: int, forgotten: Forgotten
) -> Resolution:
    """Who is whom, by the links of all sources.

    Args:
        parts: Of all sources.
        naming: Kinds of identifiers in their order.
        most_links: As `resolve` takes it.
        forgotten: What many shared when somebody was forgotten is not followed.

    Returns:
        The customer of each identifier that is linked to another.
    """
    links = pl.concat([part.links() for part in parts]).unique().collect()
    return resolve(
        links.select(OWN, OTHER),
        order=naming.order,
        most_links=most_links,
        unfollowed=forgotten.holds_shared(pl.col(IDENTIFIER)),
    )


def routed(
    records: Records, resolution: Resolution, naming: Naming, buckets: int, folder: Path
) -> Records:
    """Send the records of a source on to the buckets of their customers.

    Args:
        records: As they lie in the parts, `customer_id` an identifier.
        resolution: Who is whom.
        naming: What customers without a link are called.
        buckets: Number of buckets.
        folder: Where to make a folder for the source.

    Returns:
        The same records, by bucket of their customer.
    """
    folder = folder / records.source.name
    known = resolution.customers.rename({CUSTOMER_ID: _TO}).lazy()
    whose = pl.coalesce(pl.col(_TO), naming.name(pl.col(CUSTOMER_ID)))
    lying = pl.concat([part.records() for part in records.parts]).drop(LINKED)
    sent = lying.join(known, left_on=CUSTOMER_ID, right_on=IDENTIFIER, how="left")
    named = sent.with_columns(whose.alias(CUSTOMER_ID))
    named.with_columns(bucket(pl.col(CUSTOMER_ID), buckets).alias(_TO)).sink_parquet(
        pl.PartitionBy(folder, key=_TO, include_key=False),
        mkdir=True,
        compression="lz4",
        statistics=False,
    )
    return Records(records.source, records.parts, folder)
