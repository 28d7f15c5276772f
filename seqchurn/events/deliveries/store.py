"""The deliveries of an events table on disk: what was read stays, what is new is read beside it.

    deliveries/ledger.json         what counts
    deliveries/parts/<name>/       records, links and quarantine of files that were read together
    deliveries/unfinished/         parts that are being written

New parts are moved in before the ledger that names them is replaced, and parts that it no longer
names are removed after that: a run that is killed in between leaves the old ledger or the new one.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import Source
from seqchurn.errors import DataError
from seqchurn.events.deliveries.arrivals import Arrivals, arrivals, mapping_hash
from seqchurn.events.deliveries.cleansing import cleanse
from seqchurn.events.deliveries.compaction import compacted, refused_in_order
from seqchurn.events.deliveries.ledger import Delivered, Ledger, SourceLedger
from seqchurn.events.deliveries.part import Part
from seqchurn.events.deliveries.reading import deliver
from seqchurn.events.deliveries.split import Terms
from seqchurn.events.sources import check_columns
from seqchurn.files import disk_failures, locked
from seqchurn.progress import work
from seqchurn.schema import QUARANTINE, dtypes

__all__ = ["Deliveries", "Intake"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Intake:
    """All that was delivered, with what this run has read; not yet what counts."""

    ledger: Ledger
    folders: dict[str, Path]
    """Where the parts of the ledger lie."""
    scratch: Path
    """For work in between; removed when other runs may come in again."""

    def parts(self, source: str) -> list[Part]:
        """The parts of a source, each for the files that count; none of one never read."""
        known = self.ledger.sources.get(source)
        used = known.parts() if known else {}
        return [Part(self.folders[name], files) for name, files in used.items()]

    def quarantine(self) -> pl.LazyFrame:
        """The refused records of all sources, in order of sources, files and records."""
        tables = [
            rows.select([*QUARANTINE])
            for source in self.ledger.sources.values()
            for rows in refused_in_order([*source.files.values()], self.folders.__getitem__)
        ]
        return pl.concat(tables) if tables else pl.LazyFrame(schema=dtypes(QUARANTINE))


class Deliveries:
    """What was delivered for one events table."""

    def __init__(self, folder: Path) -> None:
        """Name the folder, whether it exists or not.

        Args:
            folder: Where ledger and parts lie.
        """
        self.folder = folder
        self._parts = folder / "parts"
        self._unfinished = folder / "unfinished"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out.

        Raises:
            LockedError: If another run reads logs for the same events table.
        """
        busy = f"another run is preparing {self.folder.parent}. Wait until it has ended."
        with disk_failures(f"prepare the table {self.folder.parent}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", busy):
                self._clear()
                try:
                    yield
                finally:
                    shutil.rmtree(self._unfinished, ignore_errors=True)

    def _clear(self) -> None:
        """Remove what a run that was killed has left."""
        shutil.rmtree(self._unfinished, ignore_errors=True)
        for file in self.folder.glob(".*.json"):
            file.unlink()

    def take_in(self, config: EventsConfig, terms: Terms, *, force: bool) -> Intake:
        """Read what is new, changed or due; nothing of it counts before `commit`.

        Args:
            config: The sources.
            terms: What they are read under.
            force: Read every file again.

        Returns:
            All that counts if it is committed: what was read before and is as it was, and the new.

        Raises:
            ConfigError: If a source does not fit its files.
            DataError: If a file cannot be read, or must not have changed.
            EnvironmentFailure: If a disk, database or storage fails.
        """
        before = self._cleansed(terms).sources
        self._check_removed(before, config)
        sources = {}
        with work("reading", len(config.sources), "sources") as reading:
            for source in config.sources:
                reading.say(f"reading {source.name}")
                known, mapping = before.get(source.name), mapping_hash(source, config)
                found = arrivals(source, known, mapping, force=force, now=terms.now)
                kept = SourceLedger(source.origin(), mapping).with_files(found.kept)
                read = self._read(source, found, kept, terms)
                delivered = kept.with_files([*found.kept, *read])
                check_columns(source, [], delivered.lacking)
                place, folder = partial(self._place, source.name), self._unfinished / source.name
                sources[source.name] = compacted(delivered, place, folder)
                reading.done()
        return self._intake(Ledger(sources, terms.forgotten.digest))

    def cleansed(self, terms: Terms) -> Intake:
        """What counts now, without customers who were forgotten since it was read.

        Raises:
            DataError: If the ledger is damaged.
        """
        return self._intake(self._cleansed(terms))

    def _cleansed(self, terms: Terms) -> Ledger:
        ledger = Ledger.read(self.folder)
        if ledger.forgotten == terms.forgotten.digest:
            return ledger
        sources = {}
        for name, source in ledger.sources.items():
            folder = self._unfinished / name
            folder.mkdir(parents=True, exist_ok=True)
            files = [
                file
                for part, used in source.parts().items()
                for file in cleanse(
                    Part(self._parts / part), [source.files[f] for f in used], folder, terms
                )
            ]
            sources[name] = source.with_files(files)
        return Ledger(sources, terms.forgotten.digest)

    def commit(self, intake: Intake) -> Intake:
        """Make what was taken in count, and remove what no longer does.

        Returns:
            The same, with its parts where they lie now.

        Raises:
            EnvironmentFailure: If the disk refuses.
        """
        self._parts.mkdir(exist_ok=True)
        for name, folder in intake.folders.items():
            if folder.parent != self._parts:
                folder.rename(self._parts / name)
        intake.ledger.write(self.folder)
        used = intake.ledger.parts()
        for folder in self._parts.iterdir():
            if folder.name not in used:
                shutil.rmtree(folder)
        folders = {name: self._parts / name for name in used}
        return replace(intake, folders=folders)

    def _check_removed(self, before: dict[str, SourceLedger], config: EventsConfig) -> None:
        """Check that no source is gone from the config whose files are gone as well."""
        for name in before.keys() - {source.name for source in config.sources}:
            files = [file.path for file in before[name].files.values() if file.stat]
            gone = [file for file in files if not Path(file).exists()]
            if gone:
                raise DataError(
                    f"[events] source {name} was read and is not in the config any more, and "
                    f"{len(gone)} of its files are gone, as {gone[0]}. Nothing was published. Put "
                    f"the source back under its name, or remove {self.folder} to build the tables "
                    "of what is there now."
                )

    def _read(
        self, source: Source, found: Arrivals, kept: SourceLedger, terms: Terms
    ) -> list[Delivered]:
        if not found.fresh:
            return []
        _log.info(
            "source %s: reading %d; %d known, %d of them gone",
            *(source.name, len(found.fresh), len(found.kept), found.gone),
        )
        folder = self._unfinished / source.name
        folder.mkdir(parents=True, exist_ok=True)
        lacking = set(kept.lacking) if kept.files else None
        return deliver(source, found.fresh, lacking, folder, terms)

    def _intake(self, ledger: Ledger) -> Intake:
        """The ledger, with where its parts lie: new ones are not yet among the others.

        Raises:
            DataError: If a part is damaged.
        """
        folders = {}
        for name, source in ledger.sources.items():
            for part in source.parts():
                folders[part] = self._place(name, part)
                Part(folders[part]).check()
        return Intake(ledger, folders, self._unfinished / "scratch")

    def _place(self, source: str, part: str) -> Path:
        """Where a part lies, which may be new."""
        new = self._unfinished / source / part
        return new if new.exists() else self._parts / part
