"""Records of files that were read together, mapped but not folded, as they lie between runs.

    parts/<name>/records/seqchurn:bucket=3/*.parquet    records by bucket of their customer
    parts/<name>/links.parquet                          identifiers that belong to one person
    parts/<name>/quarantine.parquet                     refused records
    parts/<name>/files.json                             the files that were read

A part never changes. Each of its rows says which file it is from, so that the records of one file
can be left out when a newer version of that file was read into another part.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from seqchurn.events.sources import FILE

__all__ = ["BUCKET", "OTHER", "OWN", "Part"]

BUCKET = "seqchurn:bucket"

OWN, OTHER = "one", "other"
"""Columns of a table of links: two identifiers."""


class Part:
    """A part, and the files it is used for."""

    def __init__(self, folder: Path, used: Iterable[str] | None = None) -> None:
        """Name a part.

        Args:
            folder: Where it lies.
            used: Files whose records count; default: all.
        """
        self.folder = folder
        self.schema_file = folder / "schema.parquet"
        self.links_file = folder / "links.parquet"
        self.quarantine_file = folder / "quarantine.parquet"
        self._files = folder / "files.json"
        self._used = None if used is None else list(used)

    def seal(self, files: Sequence[str]) -> None:
        """Write down which files were read, when all else is written."""
        self._files.write_text(json.dumps(list(files)), encoding="utf-8")

    def read_files(self) -> list[str]:
        """The files that were read."""
        files: list[str] = json.loads(self._files.read_bytes())
        return files

    def record_files(self, bucket: int | str = "*") -> list[Path]:
        """Where the records of one bucket, or of all, lie."""
        return sorted((self.folder / "records").glob(f"{BUCKET}={bucket}/*.parquet"))

    def records(self, bucket: int) -> pl.LazyFrame:
        """Mapped records of one bucket, in any order."""
        files = self.record_files(bucket) or [self.schema_file]
        columns = [*pl.read_parquet_schema(self.schema_file)]
        mapped = pl.scan_parquet(files, hive_partitioning=False).select(columns)
        return self._counting(mapped, FILE).drop(FILE)

    def links(self) -> pl.LazyFrame:
        """Links of the records: `OWN` and `OTHER`, each pair once per file."""
        if not self.links_file.exists():
            return pl.LazyFrame(schema={OWN: pl.String, OTHER: pl.String})
        return self._counting(pl.scan_parquet(self.links_file), FILE).select(OWN, OTHER)

    def quarantine(self) -> pl.LazyFrame | None:
        """Refused records, in order of files and records; None: there are none."""
        if not self.quarantine_file.exists():
            return None
        return self._counting(pl.scan_parquet(self.quarantine_file), "file")

    def _counting(self, rows: pl.LazyFrame, file: str) -> pl.LazyFrame:
        if self._used is None or set(self._used) >= set(self.read_files()):
            return rows
        return rows.filter(pl.col(file).is_in(self._used))
