"""What has been read of the raw logs: per source its files, as they were, and where they went.

    deliveries/ledger.json            which files, and the part that holds the records of each
    deliveries/parts/<id>/            records of files that were read together (`part`)

A ledger names parts that lie complete on the disk. It is replaced in one step, so that whoever is
killed leaves the old one or the new one, and parts that neither names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from seqchurn.errors import DataError
from seqchurn.files import replacing
from seqchurn.schema import SCHEMA_VERSION

__all__ = ["Counts", "Delivered", "Ledger", "SourceLedger"]

_FILE = "ledger.json"


@dataclass(frozen=True)
class Counts:
    """What became of raw records before repeats were dropped."""

    read: int = 0
    refused: int = 0
    filtered: int = 0
    line_breaks: int = 0
    """Records of CSV files with a line break inside a mapped field."""

    @property
    def sound(self) -> int:
        """Records that are neither refused nor filtered."""
        return self.read - self.refused - self.filtered

    def __add__(self, other: Counts) -> Counts:
        """The counts of both."""
        return Counts(
            self.read + other.read,
            self.refused + other.refused,
            self.filtered + other.filtered,
            self.line_breaks + other.line_breaks,
        )


@dataclass(frozen=True)
class Delivered:
    """A file, table or query whose records are kept."""

    path: str
    stat: tuple[int, ...]
    """Size, and times of change of content and of anything, in nanoseconds; none of a database."""
    content: str
    """Hash of the bytes, or of the state of a database."""
    part: str = ""
    """The part that holds its records."""
    counts: Counts = Counts()
    lacking: tuple[str, ...] = ()
    """Columns in use that it does not have."""
    read_again_from: str | None = None
    """When the first record that was refused as one of the future no longer is."""

    def is_due(self, now: datetime) -> bool:
        """Whether what was refused as future may be none by now."""
        due = self.read_again_from
        return due is not None and now >= datetime.fromisoformat(due)


@dataclass(frozen=True)
class SourceLedger:
    """The deliveries of one source."""

    path: str
    """As the config had it."""
    mapping: str
    """Hash of all that decides what a record becomes."""
    files: dict[str, Delivered] = field(default_factory=dict)
    """By path."""

    def with_files(self, files: Iterable[Delivered]) -> SourceLedger:
        """The same source with these deliveries, in order of their paths."""
        in_order = sorted(files, key=lambda file: file.path)
        return replace(self, files={file.path: file for file in in_order})

    @property
    def counts(self) -> Counts:
        """Of all files."""
        return sum((file.counts for file in self.files.values()), Counts())

    @property
    def lacking(self) -> list[str]:
        """Columns in use that no file has."""
        sets = [set(file.lacking) for file in self.files.values()]
        return sorted(set.intersection(*sets)) if sets else []

    def parts(self) -> dict[str, list[str]]:
        """The parts in use, each with the files that it is used for, all in order."""
        found: dict[str, list[str]] = {}
        for file in self.files.values():
            found.setdefault(file.part, []).append(file.path)
        return found


@dataclass(frozen=True)
class Ledger:
    """The deliveries of all sources."""

    sources: dict[str, SourceLedger] = field(default_factory=dict)
    forgotten: str = ""
    """Digest of the tombstones that the parts were cleansed of."""

    @property
    def digest(self) -> str:
        """Changes whenever what was delivered does."""
        files = {
            name: [
                (f.path, f.content, asdict(f.counts), f.read_again_from)
                for f in source.files.values()
            ]
            for name, source in self.sources.items()
        }
        mappings = {name: source.mapping for name, source in self.sources.items()}
        said = json.dumps([files, mappings, self.forgotten], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    def parts(self) -> set[str]:
        """All parts in use."""
        return {part for source in self.sources.values() for part in source.parts()}

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """The ledger of a folder of deliveries; empty if there is none, or of another version.

        Raises:
            DataError: If it was changed by hand.
        """
        file = folder / _FILE
        try:
            written: dict[str, Any] = json.loads(file.read_bytes())
            if written["schema_version"] != SCHEMA_VERSION:
                return cls()
            sources = {name: _source(source) for name, source in written["sources"].items()}
            return cls(sources, written["forgotten"])
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(
                f"{file} is damaged or was changed by hand; expected what seqchurn prepare wrote. "
                f"Remove {folder}: the next run of seqchurn prepare reads all logs again."
            ) from None

    def write(self, folder: Path) -> None:
        """Replace the ledger of a folder.

        Raises:
            EnvironmentFailure: If the disk refuses.
        """
        sources = {
            name: {**asdict(source), "files": [asdict(file) for file in source.files.values()]}
            for name, source in self.sources.items()
        }
        text = json.dumps(
            {"schema_version": SCHEMA_VERSION, "forgotten": self.forgotten, "sources": sources}
        )
        with replacing(folder / _FILE) as beside:
            beside.write_text(text, encoding="utf-8")


def _source(written: Mapping[str, Any]) -> SourceLedger:
    source = SourceLedger(written["path"], written["mapping"])
    return source.with_files(_file(file) for file in written["files"])


def _file(written: Mapping[str, Any]) -> Delivered:
    return Delivered(
        **{
            **written,
            "stat": tuple(written["stat"]),
            "counts": Counts(**written["counts"]),
            "lacking": tuple(written["lacking"]),
        }
    )
