"""Records of files that were read together, mapped but not folded, as they lie between runs.

    parts/<name>/records/seqchurn:bucket=3/*.parquet    records by bucket of their customer
    parts/<name>/links*.parquet                         identifiers that belong to one person
    parts/<name>/quarantine.parquet                     refused records
    parts/<name>/schema.parquet                         columns of the records, without a row
    parts/<name>/files.json                             the files that were read

A part never changes. Each of its rows says which file it is from, so that the records of one file
can be left out when a newer version of that file was read into another part.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.errors import DataError
from seqchurn.events.sources import FILE

__all__ = ["AS_RECORDS", "BUCKET", "OTHER", "OWN", "Part"]

BUCKET = "seqchurn:bucket"

OWN, OTHER = "one", "other"
"""Columns of a table of links: two identifiers."""

AS_RECORDS: dict[str, Any] = {
    **{"mkdir": True, "compression": "lz4", "statistics": False, "row_group_size": 32_768}
}
"""How records are written that are read often and not for long."""

_LINKS = {FILE: pl.String(), OWN: pl.String(), OTHER: pl.String()}


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
        self.quarantine_file = folder / "quarantine.parquet"
        self._files = folder / "files.json"
        self._used = None if used is None else list(used)

    def seal(self, files: Sequence[str]) -> None:
        """Write down which files were read and how long all tables are, when these are written."""
        sealed = {"files": list(files), "bytes": self._sizes()}
        self._files.write_text(json.dumps(sealed), encoding="utf-8")

    def check(self) -> None:
        """Check that the part is as long as it was written.

        Raises:
            DataError: If a file of it is missing or has another length.
        """
        try:
            sound = json.loads(self._files.read_bytes())["bytes"] == self._sizes()
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise DataError(
                f"{self.folder} is damaged: what was read of the raw logs is not there as it was "
                "written. Run seqchurn prepare --force to read the logs again that are there."
            )

    def read_files(self) -> list[str]:
        """The files that were read."""
        files: list[str] = json.loads(self._files.read_bytes())["files"]
        return files

    def _sizes(self) -> dict[str, int]:
        tables = sorted(self.folder.rglob("*.parquet"))
        return {str(t.relative_to(self.folder)): t.stat().st_size for t in tables}

    def buckets(self) -> list[int]:
        """The buckets that have records."""
        folders = (self.folder / "records").glob(f"{BUCKET}=*")
        return sorted(int(folder.name.partition("=")[2]) for folder in folders)

    def record_files(self, *buckets: int) -> list[Path]:
        """Where the records of some buckets, or of all, lie."""
        records = self.folder / "records"
        found = (records.glob(f"{BUCKET}={of}/*.parquet") for of in buckets or ("*",))
        return sorted(file for files in found for file in files)

    def records(self, *buckets: int) -> pl.LazyFrame:
        """Mapped records of some buckets, or of all, in any order."""
        return self.told_records(*buckets).drop(FILE)

    def told_records(self, *buckets: int) -> pl.LazyFrame:
        """The same, each with the file that it is from."""
        files = self.record_files(*buckets) or [self.schema_file]
        columns = [*pl.read_parquet_schema(self.schema_file)]
        mapped = pl.scan_parquet(files, hive_partitioning=False).select(columns)
        return self._counting(mapped, FILE)

    def link_files(self) -> list[Path]:
        """Where the links lie."""
        return sorted(self.folder.glob("links*.parquet"))

    def links(self) -> pl.LazyFrame:
        """Links of the records: `OWN` and `OTHER`, each pair once per file, or seldom more."""
        return self.told_links().select(OWN, OTHER)

    def told_links(self) -> pl.LazyFrame:
        """The same, each with the file that it is from."""
        files = self.link_files()
        if not files:
            return pl.LazyFrame(schema=_LINKS)
        return self._counting(pl.scan_parquet(files).select([*_LINKS]), FILE)

    def refused(self) -> pl.LazyFrame | None:
        """Refused records, in order of files and records; None: there are none."""
        if not self.quarantine_file.exists():
            return None
        return self._counting(pl.scan_parquet(self.quarantine_file), "file")

    def _counting(self, rows: pl.LazyFrame, file: str) -> pl.LazyFrame:
        if self._used is None or set(self._used) >= set(self.read_files()):
            return rows
        return rows.filter(pl.col(file).is_in(self._used))
