"""Files of a source -> parts: read once, mapped, checked, and their records split into buckets.

One streaming pass sends the records that are kept to the bucket of their customer, and those that
are refused or filtered to buckets of their own, which are counted and removed. What becomes of a
record depends on its file alone: files that differ in their columns are read apart, and a damaged
file is read line by line by itself.
"""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from seqchurn.config.sources import (
    CsvSource,
    CustomersSource,
    EventSource,
    LinksSource,
    Source,
)
from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.events.checks import NO_ZONE, is_refused, rules
from seqchurn.events.deliveries.arrivals import stat_of
from seqchurn.events.deliveries.ledger import Counts, Delivered
from seqchurn.events.deliveries.part import BUCKET, OTHER, OWN, Part
from seqchurn.events.filtering import MEETS, UNDECIDED, mark_met
from seqchurn.events.forgotten import Forgotten
from seqchurn.events.hashing import bucket
from seqchurn.events.identifiers import LINKED, Naming
from seqchurn.events.lookup import join_lookup
from seqchurn.events.mapping import RAW, map_customers, map_events, map_links
from seqchurn.events.quarantine import quarantined
from seqchurn.events.rules import SLACK, Rule
from seqchurn.events.sources import FILE, MALFORMED, RECORD, Raw, check_columns, read
from seqchurn.events.times import LAST_YEAR, no_zone
from seqchurn.schema import CUSTOMER_ID, TIMESTAMP

__all__ = ["Terms", "deliver"]

_log = logging.getLogger(__name__)

_LINE_BREAK = "seqchurn:line_break"
_REFUSED, _FILTERED = -1, -2


@dataclass(frozen=True)
class Terms:
    """What all sources of a run are read under."""

    buckets: int
    now: datetime
    naming: Naming
    forgotten: Forgotten


def deliver(
    source: Source, fresh: Sequence[Delivered], lacking: set[str] | None, folder: Path, terms: Terms
) -> list[Delivered]:
    """Read the files of a source into parts below a folder.

    Args:
        source: Its section of the config.
        fresh: What to read.
        lacking: Columns that no file has that was read before; None: none was.
        folder: Where the parts go.
        terms: What all sources are read under.

    Returns:
        The same deliveries, with their parts and counts.

    Raises:
        ConfigError: If the config does not fit the log.
        DataError: If a file cannot be read at all.
        EnvironmentFailure: If a file changes while it is read, or a database fails.
    """
    reading = _Reading(source, folder, terms)
    paths = [Path(delivered.path) for delivered in fresh if delivered.stat]
    raws = reading.plan(paths, tolerant=False)
    if raws:
        nowhere = set.intersection(*(set(raw.lacking) for raw in raws))
        nowhere = nowhere if lacking is None else nowhere & lacking
        check_columns(source, raws, [c for c in raws[0].lacking if c in nowhere])
    done = {d.path: d for raw in raws for d in reading.deliver(raw, fresh, tolerant=False)}
    for path, delivered in done.items():
        if delivered.stat and stat_of(Path(path)) != delivered.stat:
            raise EnvironmentFailure(
                f"[events] source {source.name}: {path} changed while it was read. Nothing was "
                "published. Run seqchurn prepare again when it is complete."
            )
    return list(done.values())


@dataclass(frozen=True)
class _Reading:
    """One source that is being read."""

    source: Source
    folder: Path
    terms: Terms

    def plan(self, files: list[Path], *, tolerant: bool) -> list[Raw]:
        """Raw records of files, grouped as they are read; damaged files apart."""
        scratch = self.folder / f"answer-{uuid.uuid4().hex}"
        try:
            return read(self.source, files, scratch=scratch, tolerant=tolerant)
        except (pl.exceptions.PolarsError, OSError) as error:
            trials = self._trials(files, error, tolerant=tolerant)
            return [raw for some, slow in trials for raw in self.plan(some, tolerant=slow)]

    def deliver(
        self, raw: Raw, fresh: Sequence[Delivered], *, tolerant: bool
    ) -> Iterator[Delivered]:
        """Write the part of some files, or if they are damaged the parts of fewer at a time."""
        part = Part(self.folder / uuid.uuid4().hex)
        part.folder.mkdir()
        try:
            found = self._write(raw, part)
        except (pl.exceptions.PolarsError, OSError) as error:
            shutil.rmtree(part.folder, ignore_errors=True)
            for files, slow in self._trials(raw.files, error, tolerant=tolerant):
                for again in self.plan(files, tolerant=slow):
                    yield from self.deliver(again, fresh, tolerant=slow)
            return
        inside = {str(file) for file in raw.files}
        read_now = [d for d in fresh if d.path in inside or not raw.files]
        part.seal([delivered.path for delivered in read_now])
        for delivered in read_now:
            counts, again_from = found.get(delivered.path, (Counts(), None))
            yield replace(
                delivered,
                part=part.folder.name,
                counts=counts,
                lacking=tuple(raw.lacking),
                read_again_from=again_from,
            )

    def _trials(
        self, files: list[Path], error: Exception, *, tolerant: bool
    ) -> list[tuple[list[Path], bool]]:
        """What to read, and whether line by line, after something failed."""
        if "os error" in str(error) or getattr(error, "errno", None) is not None:
            raise error  # the disk failed, not the log: of a file cut short there is no number
        if len(files) > 1:
            half = len(files) // 2
            return [(files[:half], False), (files[half:], False)]
        where = str(files[0]) if files else self.source.origin()
        if not tolerant:
            _log.warning("source %s: %s is damaged; reading line by line", self.source.name, where)
            return [(files, True)]
        why = "" if self.terms.naming.key else f" ({str(error).splitlines()[0]})"
        raise DataError(
            f"[events] source {self.source.name}: {where} cannot be read{why}. Expected sound "
            f"{self.source.kind} in UTF-8. Repair or replace the file."
        ) from error

    def _write(self, raw: Raw, part: Part) -> dict[str, tuple[Counts, str | None]]:
        """Write the records of a part, and say what became of those of each file."""
        mapped = self._mapped(raw.frame)
        found = rules(mapped, self.source, self.terms.now)
        schema = mapped.collect_schema()
        raws = [c for c in schema if c.startswith(RAW)]
        beside = [c for c in schema if c in (RECORD, MALFORMED, UNDECIDED)] + raws
        notes = {BUCKET: self._place(found)}
        if isinstance(self.source, CsvSource):
            notes[_LINE_BREAK] = _holds_line_break(raws, schema)
        refused = pl.col(BUCKET) == _REFUSED
        mapped.with_columns(**notes).drop(MEETS).with_columns(
            pl.when(refused).then(pl.col(beside))  # else null: these only serve the quarantine
        ).sink_parquet(
            pl.PartitionBy(part.folder / "records", key=BUCKET, include_key=False),
            mkdir=True,
            compression="lz4",
            statistics=False,
            row_group_size=32_768,
        )
        counts = _counts(part, schema, self.terms.now)
        self._set_quarantine_apart(part, found)
        for left_out in (_REFUSED, _FILTERED):
            shutil.rmtree(part.folder / "records" / f"{BUCKET}={left_out}", ignore_errors=True)
        if LINKED in schema and part.record_files():
            _set_links_apart(part)
        kept = mapped.drop(*beside, MEETS).collect_schema()
        pl.DataFrame(schema=kept).write_parquet(part.schema_file)
        return counts

    def _mapped(self, raw: pl.LazyFrame) -> pl.LazyFrame:
        naming, source = self.terms.naming, self.source
        if isinstance(source, CustomersSource):
            return map_customers(raw, source, naming).with_columns(pl.lit(True).alias(MEETS))
        if isinstance(source, LinksSource):
            return map_links(raw, source, naming).with_columns(pl.lit(True).alias(MEETS))
        return map_events(mark_met(join_lookup(raw, source), source), source, naming)

    def _place(self, found: list[Rule]) -> pl.Expr:
        """Bucket of each record; those of customers who were forgotten are left out.

        A refused record is known by its own identifier alone, as the quarantine will know it.
        """
        terms, customer_id = self.terms, pl.col(CUSTOMER_ID)
        sound = pl.col(MALFORMED).is_null()  # a damaged line has no values
        return (
            pl.when(sound & (~pl.col(MEETS) | terms.forgotten.holds(customer_id)))
            .then(_FILTERED)
            .when(is_refused(found))
            .then(_REFUSED)
            .when(terms.forgotten.holds_record(terms.naming))
            .then(_FILTERED)
            .otherwise(bucket(terms.naming.name(customer_id), terms.buckets))
        )

    def _set_quarantine_apart(self, part: Part, found: list[Rule]) -> None:
        files = part.record_files(_REFUSED)
        if not files:
            return
        refused = pl.scan_parquet(files, hive_partitioning=False)
        forget_raw = bool(self.terms.forgotten.hashes)
        quarantined(
            refused, found, self.source, naming=self.terms.naming, forget_raw=forget_raw
        ).sink_parquet(part.quarantine_file)
        no_zones = pl.scan_parquet(part.quarantine_file).filter(rule=NO_ZONE).head(1).collect()
        source = self.source
        if no_zones.height and not isinstance(source, LinksSource):
            column = source.timestamp if isinstance(source, EventSource) else source.known_from
            raise no_zone(f"[events] source {source.name} ({no_zones['reason'][0]})", column or "")


def _holds_line_break(columns: list[str], schema: pl.Schema) -> pl.Expr:
    texts = [pl.col(c) for c in columns if schema[c] == pl.String]
    return pl.any_horizontal(text.str.contains("\n", literal=True) for text in texts)


def _counts(part: Part, schema: pl.Schema, now: datetime) -> dict[str, tuple[Counts, str | None]]:
    """By file: what became of its records, and when to read it again."""
    files = part.record_files()
    if not files:
        return {}
    rows = pl.scan_parquet(files, hive_partitioning=True, hive_schema={BUCKET: pl.Int32})
    place, again = pl.col(BUCKET), pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    if TIMESTAMP in schema:
        stamp = pl.col(TIMESTAMP)
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


def _set_links_apart(part: Part) -> None:
    """Write the links of the records that are kept, each once per file."""
    rows = pl.scan_parquet(part.record_files(), hive_partitioning=False)
    links = rows.filter(pl.col(LINKED).is_not_null()).select(
        FILE, pl.col(CUSTOMER_ID).alias(OWN), pl.col(LINKED).alias(OTHER)
    )
    links.explode(OTHER).unique().sink_parquet(part.links_file)
