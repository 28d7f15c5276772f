"""Tables in buckets of customers: Parquet files that one manifest publishes, all or nothing.

    folder/manifest.json              what is complete: digest, rows per bucket, facts
    folder/parts-<digest>/00003.parquet

A writer fills a folder beside the parts that are published; on a clean end the folder gets the
name of its content and the manifest is replaced in one step. A run that fails or is killed
changes nothing that a reader sees, and the same rows give the same files. The parts that the
last publication replaced stay until the next one, so that a snapshot taken before is read whole,
unless they hold what must be forgotten: then they are purged at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.files import disk_failures, locked
from seqchurn.schema import SCHEMA_VERSION

__all__ = ["BucketStore", "BucketWriter", "Snapshot"]

_MANIFEST = "manifest.json"
_UNFINISHED = "unfinished"
_OWN = ("schema_version", "digest", "rows", "total_rows")  # the rest are facts of the writer


class BucketWriter:
    """Takes the buckets of one publication; made by `BucketStore.publish`."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        """Make the folders to write to.

        Args:
            folder: Unfinished folder beside the published parts.
            facts: What the manifest will say beside digest and rows; add to it while writing.
        """
        self.facts = facts
        self._parts = folder / "parts"
        self.scratch = folder / "scratch"
        """Folder for work in between on the same disk; removed at the end."""
        self._parts.mkdir(parents=True)
        self.scratch.mkdir()

    def write(self, bucket: int, frame: pl.DataFrame | pl.LazyFrame) -> None:
        """Write the rows of one bucket; a lazy frame is streamed to the file."""
        file = self._parts / _file_name(bucket)
        if isinstance(frame, pl.LazyFrame):
            frame.sink_parquet(file)
        else:
            frame.write_parquet(file, compression_level=1)  # as small as 3, half the time


@dataclass(frozen=True)
class Snapshot:
    """One publication of a table: what is read from it belongs together."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def digest(self) -> str:
        """Hash of the content."""
        return str(self.manifest["digest"])

    @property
    def facts(self) -> dict[str, Any]:
        """What the writer had to say."""
        return {name: fact for name, fact in self.manifest.items() if name not in _OWN}

    def buckets(self) -> list[int]:
        """The buckets that were written, ascending."""
        return [int(bucket) for bucket in self.manifest["rows"]]

    def file(self, bucket: int) -> Path:
        """Where the rows of a bucket lie."""
        return self.folder / _parts_name(self.digest) / _file_name(bucket)

    def read(self, bucket: int, columns: list[str] | None = None) -> pl.DataFrame:
        """Rows of one bucket, in the order in which they were written.

        Args:
            bucket: One of `buckets()`.
            columns: Columns to read; default: all.

        Raises:
            EnvironmentFailure: If the file has gone, as when the table was replaced twice since.
        """
        file = self.file(bucket)
        try:
            return pl.read_parquet(file, columns=columns)
        except FileNotFoundError:
            raise EnvironmentFailure(
                f"{file} has gone: the table was replaced while it was read, or changed by hand. "
                "Run it again; if that does not help, run seqchurn prepare --force."
            ) from None

    def scan(self) -> pl.LazyFrame:
        """All rows, bucket after bucket."""
        return pl.scan_parquet([self.file(bucket) for bucket in self.buckets()])


class BucketStore:
    """A table in buckets, read through its manifest and replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        """Name a table, whether it exists or not.

        Args:
            folder: Where the table lies; made at the first publication.
        """
        self.folder = folder

    @contextlib.contextmanager
    def publish(self, **facts: Any) -> Iterator[BucketWriter]:
        """Replace the table by what is written inside the `with` block, or by nothing.

        Args:
            facts: Values for the manifest, as JSON can hold them.

        Yields:
            The writer of the buckets; its `facts` may be added to.

        Raises:
            EnvironmentFailure: If the disk refuses.
            LockedError: If another run writes the same table.
        """
        unfinished = self.folder / _UNFINISHED
        with self._locked():
            shutil.rmtree(unfinished, ignore_errors=True)
            try:
                writer = BucketWriter(unfinished, dict(facts))
                yield writer
                self._finish(unfinished / "parts", writer.facts)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)

    def purge(self, *, everything: bool = False) -> int:
        """Remove all parts but the published ones, and what runs that were killed have left.

        Snapshots taken before the last publication cannot be read any more. A table that is
        damaged, or of another version of the program, loses all its parts.

        Args:
            everything: Remove the published parts as well; then there is no table.

        Returns:
            How many generations of parts were removed.

        Raises:
            EnvironmentFailure: If the disk refuses.
            LockedError: If another run writes the same table.
        """
        if not self.folder.exists():
            return 0
        with self._locked():
            shutil.rmtree(self.folder / _UNFINISHED, ignore_errors=True)
            if everything:
                (self.folder / _MANIFEST).unlink(missing_ok=True)
            return self._sweep(self._published())

    def exists(self) -> bool:
        """Whether a complete table of this version of the program can be read."""
        try:
            snapshot = self.snapshot()
        except DataError:
            return False
        return all(snapshot.file(bucket).exists() for bucket in snapshot.buckets())

    def manifest(self) -> dict[str, Any]:
        """What is published: `schema_version`, `digest`, `rows`, `total_rows` and the facts.

        Raises:
            DataError: If there is no table, or one of another version of the program.
        """
        file = self.folder / _MANIFEST
        try:
            manifest: dict[str, Any] = json.loads(file.read_bytes())
        except FileNotFoundError:
            raise DataError(
                f"there is no table in {self.folder}: expected {_MANIFEST}. Run seqchurn prepare."
            ) from None
        except ValueError:
            raise DataError(
                f"{file} is not JSON; it was changed by hand. Run seqchurn prepare --force."
            ) from None
        if (version := manifest.get("schema_version")) != SCHEMA_VERSION:
            raise DataError(
                f"the table in {self.folder} has schema version {version}, this program reads "
                f"version {SCHEMA_VERSION}. Run seqchurn prepare to rebuild it."
            )
        return manifest

    def snapshot(self) -> Snapshot:
        """What is published now; it stays readable while a run publishes the table anew.

        Raises:
            DataError: If there is no table, or one of another version of the program.
        """
        return Snapshot(self.folder, self.manifest())

    def buckets(self) -> list[int]:
        """The buckets of what is published now, ascending."""
        return self.snapshot().buckets()

    def read(self, bucket: int, columns: list[str] | None = None) -> pl.DataFrame:
        """Rows of one bucket of what is published now; several: see `snapshot`."""
        return self.snapshot().read(bucket, columns)

    def scan(self) -> pl.LazyFrame:
        """All rows of what is published now, bucket after bucket."""
        return self.snapshot().scan()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        busy = f"another run is writing {self.folder}. Wait until it has ended."
        with disk_failures(f"write the table {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", busy):
                yield

    def _published(self) -> str:
        """Name of the folder of the published parts; empty if they cannot be read."""
        return _parts_name(self.snapshot().digest) if self.exists() else ""

    def _sweep(self, *kept: str) -> int:
        """Remove all parts but those that are kept; how many there were."""
        gone = [folder for folder in self.folder.glob("parts-*") if folder.name not in kept]
        for folder in gone:
            shutil.rmtree(folder)
        return len(gone)

    def _finish(self, parts: Path, facts: dict[str, Any]) -> None:
        files = sorted(parts.glob("*.parquet"))
        rows = {
            str(int(f.stem)): pl.scan_parquet(f).select(pl.len()).collect().item() for f in files
        }
        digest = _digest(parts)
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "digest": digest,
            "rows": rows,
            "total_rows": sum(rows.values()),
            **facts,
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        for file in files:
            _sync(file)
        replaced = self._published()
        target = self.folder / _parts_name(digest)
        if target.exists() and _digest(target) != digest:  # damaged since it was published
            shutil.rmtree(target)
        if not target.exists():
            parts.rename(target)
        temporary = parts.parent / _MANIFEST
        temporary.write_text(text, encoding="utf-8")
        _sync(temporary)
        temporary.replace(self.folder / _MANIFEST)
        _sync(self.folder)
        self._sweep(target.name, replaced)


def _parts_name(digest: str) -> str:
    return f"parts-{digest[:12]}"


def _file_name(bucket: int) -> str:
    return f"{bucket:05}.parquet"


def _digest(folder: Path) -> str:
    """Hash over names and bytes of the files of a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.parquet")):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.name} {content}\n".encode())
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
