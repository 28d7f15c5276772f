"""First pass: each source is read once and its records split into buckets on disk.

The records that are kept go to the bucket of their customer, the refused and the filtered ones
to buckets of their own: one streaming pass also counts everything.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from seqchurn.config.sources import CsvSource, CustomersSource, Source
from seqchurn.errors import DataError
from seqchurn.events.checks import NO_ZONE, is_refused, rules
from seqchurn.events.filtering import MEETS, UNDECIDED, mark_met
from seqchurn.events.hashing import bucket
from seqchurn.events.lookup import join_lookup
from seqchurn.events.mapping import RAW, map_customers, map_events
from seqchurn.events.quarantine import quarantined
from seqchurn.events.sources import FILE, MALFORMED, RECORD, read
from seqchurn.events.times import LAST_YEAR, no_zone
from seqchurn.schema import CUSTOMER_ID, TIMESTAMP

__all__ = ["SplitSource", "split"]

_log = logging.getLogger(__name__)

_BUCKET = "seqchurn:bucket"
_LINE_BREAK = "seqchurn:line_break"
_REFUSED, _FILTERED = -1, -2


@dataclass(frozen=True)
class SplitSource:
    """Where the records of one source lie between the passes."""

    source: Source
    folder: Path
    schema: pl.Schema
    """Mapped columns."""

    def records(self, bucket: int) -> pl.DataFrame:
        """Mapped records of one bucket, in any order."""
        if not self._files(bucket):
            return pl.DataFrame(schema=self.schema)
        return self.scan(bucket).select(self.schema.names()).collect()

    def scan(self, bucket: int) -> pl.LazyFrame:
        """All columns of one bucket that is not empty, in order of files and records."""
        return pl.scan_parquet(self._files(bucket), hive_partitioning=False)

    def count(self, bucket: int | None = None) -> int:
        """Number of records in one bucket, or in all with those left out."""
        files = self._files(bucket)
        return int(pl.scan_parquet(files).select(pl.len()).collect().item()) if files else 0

    @property
    def refused(self) -> int:
        """Number of records that broke a rule."""
        return self.count(_REFUSED)

    @property
    def filtered(self) -> int:
        """Number of records that did not meet `where`."""
        return self.count(_FILTERED)

    @property
    def line_breaks(self) -> int:
        """Number of records of CSV files with a line break inside a mapped field."""
        files = self._files(None)
        if not files or not isinstance(self.source, CsvSource):
            return 0
        return int(pl.scan_parquet(files).select(pl.col(_LINE_BREAK).sum()).collect().item())

    def first_refused_after(self, time: datetime) -> datetime | None:
        """Earliest stamp of a refused record that is later than a time, in a year that can be."""
        if not self._files(_REFUSED) or TIMESTAMP not in self.schema:
            return None
        stamp, years = pl.col(TIMESTAMP), pl.col(TIMESTAMP).dt.year()
        later = self.scan(_REFUSED).filter((stamp > time) & (years <= LAST_YEAR))
        first: datetime | None = later.select(stamp.min()).collect().item()
        return first

    @property
    def quarantine(self) -> Path:
        """File with the quarantine table of this source, if it has refused records."""
        return self.folder / "quarantine.parquet"

    def _files(self, bucket: int | None) -> list[Path]:
        name = "*" if bucket is None else str(bucket)
        return sorted((self.folder / "records").glob(f"{_BUCKET}={name}/*.parquet"))


def split(source: Source, folder: Path, buckets: int, now: datetime) -> SplitSource:
    """Read, map and check a source and write its records by bucket; memory stays bounded.

    A text file with damaged lines is read again line by line, with these lines refused.

    Args:
        source: The section of the config.
        folder: Where to write.
        buckets: Number of buckets of customers.
        now: Time of the run.

    Raises:
        ConfigError: If the config does not fit the log.
        DataError: If a file cannot be read at all.
    """
    try:
        return _split(source, folder / "fast", buckets, now, tolerant=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        if _of_the_disk(error):
            raise
        _log.warning("source %s: %s; reading line by line", source.name, _first_line(error))
    try:
        return _split(source, folder / "tolerant", buckets, now, tolerant=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        if _of_the_disk(error):
            raise
        raise DataError(
            f"[events] source {source.name}: {source.origin()} cannot be read "
            f"({_first_line(error)}). Expected sound {source.kind} in UTF-8. Repair or replace the "
            "file."
        ) from error


def _split(
    source: Source, folder: Path, buckets: int, now: datetime, *, tolerant: bool
) -> SplitSource:
    mapped = _mapped(source, folder / "read", tolerant=tolerant)
    found = rules(mapped, source, now)
    raws = [c for c in mapped.collect_schema() if c.startswith(RAW)]
    beside = [c for c in mapped.collect_schema() if c in (FILE, MALFORMED, UNDECIDED)] + raws
    place = (
        pl.when(~pl.col(MEETS) & pl.col(MALFORMED).is_null())  # a damaged line has no values
        .then(_FILTERED)
        .when(is_refused(found))
        .then(_REFUSED)
        .otherwise(bucket(pl.col(CUSTOMER_ID), buckets))
    )
    refused = pl.col(_BUCKET) == _REFUSED
    notes = {_BUCKET: place}
    if isinstance(source, CsvSource):
        notes[_LINE_BREAK] = _holds_line_break(raws, mapped.collect_schema())
    mapped.with_columns(**notes).drop(MEETS).with_columns(
        pl.when(refused).then(pl.col(beside))  # else null: these only serve the quarantine
    ).sink_parquet(
        pl.PartitionBy(folder / "records", key=_BUCKET, include_key=False),
        mkdir=True,
        compression="lz4",
        statistics=False,
        row_group_size=32_768,
    )
    schema = mapped.drop(*beside, RECORD, MEETS).collect_schema()
    done = SplitSource(source, folder, schema)
    if done.refused:
        quarantined(done.scan(_REFUSED), found, source).sink_parquet(done.quarantine)
        _refuse_missing_zone(done)
    return done


def _mapped(source: Source, scratch: Path, *, tolerant: bool) -> pl.LazyFrame:
    raw = read(source, scratch=scratch, tolerant=tolerant)
    if isinstance(source, CustomersSource):
        return map_customers(raw, source).with_columns(pl.lit(True).alias(MEETS))
    return map_events(mark_met(join_lookup(raw, source), source), source)


def _holds_line_break(columns: list[str], schema: pl.Schema) -> pl.Expr:
    texts = [pl.col(c) for c in columns if schema[c] == pl.String]
    return pl.any_horizontal(text.str.contains("\n", literal=True) for text in texts)


def _refuse_missing_zone(done: SplitSource) -> None:
    found = pl.scan_parquet(done.quarantine).filter(rule=NO_ZONE).head(1).collect()
    if found.height:
        place = f"[events] source {done.source.name} ({found['reason'][0]})"
        source = done.source
        column = source.known_from if isinstance(source, CustomersSource) else source.timestamp
        raise no_zone(place, column or "")


def _of_the_disk(error: Exception) -> bool:
    """Whether the disk failed, not the log: of a file cut short Polars gives no number."""
    return "os error" in str(error) or getattr(error, "errno", None) is not None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
