"""A folder -> the table in buckets that lies there: published, read, purged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.files import disk_failures, locked, sync
from seqchurn.schema import SCHEMA_VERSION
from seqchurn.storage.manifest import MANIFEST, parts_name, read_manifest
from seqchurn.storage.snapshot import Snapshot
from seqchurn.storage.writer import BucketWriter

__all__ = ["BucketStore"]

_UNFINISHED, _PARTS, _SCRATCH = "unfinished", "parts", "scratch"


class BucketStore:
    """A table in buckets, read through its manifest and replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        """Name a table, whether it exists or not.

        Args:
            folder: Where the table lies; made at the first publication.
        """
        self.folder = folder

    @contextlib.contextmanager
    def publish(self, *, resumes: str = "", **facts: Any) -> Iterator[BucketWriter]:
        """Replace the table by what is written inside the `with` block, or by nothing.

        Args:
            resumes: Name of the work that goes on in the scratch folder, as a digest of all it
                depends on: what is there of it when a run fails or is killed stays until it has
                been published, until other work is, or until the table is purged.
            facts: Values for the manifest, as JSON can hold them.

        Yields:
            The writer of the buckets; its `facts` may be added to.

        Raises:
            EnvironmentFailure: If the disk refuses.
            LockedError: If another run writes the same table.
        """
        unfinished = self.folder / _UNFINISHED
        kept = unfinished / f"{_SCRATCH}-{resumes}" if resumes else None
        with self._locked():
            _remove(unfinished, but=kept)
            try:
                scratch = kept or unfinished / _SCRATCH
                writer = BucketWriter(unfinished / _PARTS, scratch, dict(facts))
                yield writer
                self._finish(unfinished / _PARTS, writer.facts)
                kept = None
            finally:
                _remove(unfinished, but=kept)

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
                (self.folder / MANIFEST).unlink(missing_ok=True)
            return self._sweep(self._published())

    def clear(self) -> None:
        """Remove what a run that was killed has left unfinished, if any has.

        Raises:
            EnvironmentFailure: If the disk refuses.
            LockedError: If another run writes the same table.
        """
        if (self.folder / _UNFINISHED).exists():
            with self._locked():
                shutil.rmtree(self.folder / _UNFINISHED, ignore_errors=True)

    def exists(self) -> bool:
        """Whether a table of this version of the program is there, its files as long as written."""
        try:
            snapshot = self.snapshot()
            for bucket in snapshot.buckets():
                snapshot.check(bucket)
        except (DataError, EnvironmentFailure):
            return False
        return True

    def manifest(self) -> dict[str, Any]:
        """What is published: `schema_version`, `digest`, `rows`, `bytes`, `total_rows`, the facts.

        Raises:
            DataError: If there is no table, a damaged one, or one of another program version.
        """
        return read_manifest(self.folder)

    def snapshot(self) -> Snapshot:
        """What is published now; it stays readable while a run publishes the table anew.

        Raises:
            DataError: If there is no table, a damaged one, or one of another program version.
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
        return parts_name(self.snapshot().digest) if self.exists() else ""

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
            "bytes": {str(int(f.stem)): f.stat().st_size for f in files},
            "total_rows": sum(rows.values()),
            **facts,
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        for file in files:
            sync(file)
        replaced = self._published()
        target = self.folder / parts_name(digest)
        if target.exists() and _digest(target) != digest:  # damaged since it was published
            shutil.rmtree(target)
        if not target.exists():
            parts.rename(target)
        temporary = parts.parent / MANIFEST
        temporary.write_text(text, encoding="utf-8")
        sync(temporary)
        temporary.replace(self.folder / MANIFEST)
        sync(self.folder)
        self._sweep(target.name, replaced)


def _digest(folder: Path) -> str:
    """Hash over names and bytes of the files of a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.parquet")):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.name} {content}\n".encode())
    return digest.hexdigest()


def _remove(folder: Path, *, but: Path | None) -> None:
    """Remove a folder, or all that is in it but one thing."""
    if but is None or not but.exists():
        shutil.rmtree(folder, ignore_errors=True)
        return
    for inner in folder.iterdir():
        if inner.is_dir() and inner != but:
            shutil.rmtree(inner)
        elif inner != but:
            inner.unlink()
