"""Raw records -> a part: mapped, checked and split into buckets.

One streaming pass sends the records that are kept to the bucket of their customer, and those that
are refused or filtered to buckets of their own, which are counted and removed.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from seqchurn.config.sources import (
    CsvSource,
    CustomersSource,
    LinksSource,
    Source,
)
from seqchurn.events.checks.column_rules import SLACK, Rule
from seqchurn.events.checks.quarantine import quarantined
from seqchurn.events.checks.rules import is_refused, rules
from seqchurn.events.deliveries.ledger import Counts
from seqchurn.events.deliveries.links import set_links_apart
from seqchurn.events.deliveries.part import AS_RECORDS, BUCKET, Part
from seqchurn.events.filtering import MEETS, UNDECIDED, mark_met
from seqchurn.events.hashing import bucket
from seqchurn.events.identity.forgotten import Forgotten
from seqchurn.events.identity.identifiers import Naming
from seqchurn.events.lookup import join_lookup
from seqchurn.events.mapping import RAW, map_customers, map_events, map_links
from seqchurn.events.sources import FILE, MALFORMED, RECORD
from seqchurn.events.times import LAST_YEAR
from seqchurn.schema import CUSTOMER_ID, KNOWN_FROM, TIMESTAMP

__all__ = ["Fates", "Terms", "split"]

_LINE_BREAK = "seqchurn:line_break"
_REFUSED, _FILTERED = -1, -2

Fates = dict[str, tuple[Counts, str | None]]
"""By file: what became of its records, and when the first of the future no longer is."""


@dataclass(frozen=True)
class Terms:
    """What all sources of a run are read under."""

    buckets: int
    now: datetime
    naming: Naming
    forgotten: Forgotten


def split(raw: pl.LazyFrame, source: Source, part: Part, terms: Terms) -> Fates:
    """Write the records of a part.

    Args:
        raw: Raw records, with `FILE`, `RECORD` and `MALFORMED`.
        source: Its section of the config.
        part: Where to write; its folder is there.
        terms: What all sources are read under.

    Returns:
        What became of the records of each file that has any.

    Raises:
        ConfigError: If the config does not fit the log.
    """
    mapped = _mapped(raw, source, terms.naming)
    found = rules(mapped, source, terms.now)
    schema = mapped.collect_schema()
    raws = [c for c in schema if c.startswith(RAW)]
    beside = [c for c in schema if c in (RECORD, MALFORMED, UNDECIDED)] + raws
    notes = {BUCKET: _place(found, terms)}
    if isinstance(source, CsvSource):
        notes[_LINE_BREAK] = _holds_line_break(raws, schema)
    refused = pl.col(BUCKET) == _REFUSED
    mapped.with_columns(**notes).drop(MEETS).with_columns(
        pl.when(refused).then(pl.col(beside))  # else null: these only serve the quarantine
    ).sink_parquet(
        pl.PartitionBy(part.folder / "records", key=BUCKET, include_key=False),
        **AS_RECORDS,
    )
    fates = _fates(part, schema, terms.now)
    if files := part.record_files(_REFUSED):
        rows = pl.scan_parquet(files, hive_partitioning=False)
        forget_raw = bool(terms.forgotten.hashes)
        table = quarantined(rows, found, source, naming=terms.naming, forget_raw=forget_raw)
        table.sink_parquet(part.quarantine_file)
    for left_out in (_REFUSED, _FILTERED):
        shutil.rmtree(part.folder / "records" / f"{BUCKET}={left_out}", ignore_errors=True)
    pl.DataFrame(schema=mapped.drop(*beside, MEETS).collect_schema()).write_parquet(
        part.schema_file
    )
    set_links_apart(part)
    return fates


def _mapped(raw: pl.LazyFrame, source: Source, naming: Naming) -> pl.LazyFrame:
    if isinstance(source, CustomersSource):
        return map_customers(raw, source, naming).with_columns(pl.lit(True).alias(MEETS))
    if isinstance(source, LinksSource):
        return map_links(raw, source, naming).with_columns(pl.lit(True).alias(MEETS))
    return map_events(mark_met(join_lookup(raw, source), source), source, naming)


def _place(found: list[Rule], terms: Terms) -> pl.Expr:
    """Bucket of each record; those of customers who were forgotten are left out."""
    sound = pl.col(MALFORMED).is_null()  # a damaged line has no values
    return (
        pl.when(sound & (~pl.col(MEETS) | terms.forgotten.holds_record(terms.naming)))
        .then(_FILTERED)
        .when(is_refused(found))
        .then(_REFUSED)
        .otherwise(bucket(terms.naming.name(pl.col(CUSTOMER_ID)), terms.buckets))
    )


def _holds_line_break(columns: list[str], schema: pl.Schema) -> pl.Expr:
    texts = [pl.col(c) for c in columns if schema[c] == pl.String]
    return pl.any_horizontal(text.str.contains("\n", literal=True) for text in texts)


def _fates(part: Part, schema: pl.Schema, now: datetime) -> Fates:
    files = part.record_files()
    if not files:
        return {}
    rows = pl.scan_parquet(files, hive_partitioning=True, hive_schema={BUCKET: pl.Int32})
    place, again = pl.col(BUCKET), pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    column = next((name for name in (TIMESTAMP, KNOWN_FROM) if name in schema), None)
    if column is not None:
        stamp = pl.col(column)
        later = (stamp > now + SLACK) & (stamp.dt.year() <= LAST_YEAR)
        again = stamp.filter(later & (place == _REFUSED)).min() - SLACK
    has_breaks = _LINE_BREAK in rows.collect_schema()
    counted = rows.group_by(FILE).agg(
        pl.len(),
        (place == _REFUSED).sum().alias("refused"),
        (place == _FILTERED).sum().alias("filtered"),
        pl.col(_LINE_BREAK).sum() if has_breaks else pl.lit(0).alias(_LINE_BREAK),
        again.alias("again"),
    )
    return {
        file: (Counts(*numbers), None if first is None else first.isoformat())
        for file, *numbers, first in counted.collect().iter_rows()
    }
