"""Files of a source -> parts; each is read once.

What becomes of a record depends on its file alone: files that differ in their columns are read
apart, and a damaged file is read line by line by itself.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from seqchurn.config.sources import DeltaSource, Source, SqlSource
from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.events.deliveries.arrivals import stat_of
from seqchurn.events.deliveries.ledger import Counts, Delivered
from seqchurn.events.deliveries.part import Part
from seqchurn.events.deliveries.split import Terms, split
from seqchurn.events.sources import Raw, check_columns, read
from seqchurn.files import is_of_the_disk

__all__ = ["deliver"]

_log = logging.getLogger(__name__)

_TEXT = ("csv", "ndjson", "segment", "snowplow")
"""Kinds whose files are text, and can be read line by line."""

_TABLES = ("customers", "links")
"""Kinds whose files may be."""

_DAMAGED = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What reading a damaged file ends in; a panic is a bug of Polars that one Parquet file meets."""


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
    if isinstance(source, DeltaSource):  # the version that was found, whatever came since
        version = int(fresh[0].path.rpartition("@")[2])
        source = source.model_copy(update={"version": version})
    reading = _Reading(source, folder, terms)
    paths = [Path(delivered.path) for delivered in fresh if delivered.stat]
    raws = reading.plan(paths, tolerant=False)
    if isinstance(source, SqlSource):
        fresh = [replace(delivered, content=_answer_hash(folder)) for delivered in fresh]
    if raws:
        nowhere = set.intersection(*(set(raw.lacking) for raw in raws))
        nowhere = nowhere if lacking is None else nowhere & lacking
        if lacking is None or nowhere:
            check_columns(source, raws, [c for c in raws[0].lacking if c in nowhere])
    done = {d.path: d for raw in raws for d in reading.deliver(raw, fresh, tolerant=False)}
    for path, delivered in done.items():
        if delivered.stat and stat_of(Path(path)) != delivered.stat:
            raise EnvironmentFailure(
                f"[events] source {source.name}: {path} changed while it was read. Nothing was "
                "published. Run seqchurn prepare again when it is complete."
            )
    return list(done.values())


def _answer_hash(folder: Path) -> str:
    """Hash of what a database has answered, as it lies in a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("answer-*/*.parquet")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


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
        except _DAMAGED as error:
            trials = self._trials(files, error, tolerant=tolerant)
            return [raw for some, slow in trials for raw in self.plan(some, tolerant=slow)]

    def deliver(
        self, raw: Raw, fresh: Sequence[Delivered], *, tolerant: bool
    ) -> Iterator[Delivered]:
        """Write the part of some files, or if they are damaged the parts of fewer at a time."""
        part = Part(self.folder / uuid.uuid4().hex)
        part.folder.mkdir()
        try:
            found = split(raw.frame, self.source, part, self.terms)
        except _DAMAGED as error:
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
        self, files: list[Path], error: BaseException, *, tolerant: bool
    ) -> list[tuple[list[Path], bool]]:
        """What to read, and whether line by line, after something failed."""
        if is_of_the_disk(error):
            raise error
        if len(files) > 1:
            half = len(files) // 2
            return [(files[:half], False), (files[half:], False)]
        where = str(files[0]) if files else self.source.origin()
        is_text = self.source.kind in _TEXT
        if (is_text or self.source.kind in _TABLES) and not tolerant:
            _log.warning("source %s: %s is damaged; reading line by line", self.source.name, where)
            return [(files, True)]
        why = "" if self.terms.naming.key else f" ({str(error).splitlines()[0]})"
        expected = f"sound {self.source.kind} in UTF-8" if is_text else "a sound file"
        raise DataError(
            f"[events] source {self.source.name}: {where} cannot be read{why}. Expected "
            f"{expected}. Repair or replace the file."
        ) from error
