"""Sources and the ledger -> what is new, changed or gone since the last run.

A file whose size and times are those of the ledger was not touched; of any other the content is
hashed, and only one whose content differs is read. A Delta table is one delivery, read as a whole
when it has another version, and so is what a database answers, in every run: rows may have been
changed in place.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import (
    DeltaSource,
    EventSource,
    FileSource,
    Source,
    SqlSource,
)
from seqchurn.errors import ConfigError, DataError
from seqchurn.events.deliveries.ledger import Delivered, SourceLedger
from seqchurn.events.identity.identifiers import Naming
from seqchurn.events.sources import delta, resolve_path, sql
from seqchurn.events.sources.files import is_place, open_bytes, partition
from seqchurn.files import is_of_the_disk
from seqchurn.schema import SCHEMA_VERSION

__all__ = ["Arrivals", "arrivals", "content_hash", "mapping_hash", "stat_of"]

_NOT_MAPPED = {"max_bad_fraction", "on_change", "on_missing", "path"}
"""Fields of a source that change nothing about what a record becomes."""

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Arrivals:
    """What a run has to do about one source."""

    kept: list[Delivered]
    """Read before; still as they were, or gone."""
    fresh: list[Delivered]
    """To be read."""
    gone: int
    """How many of `kept` are there no longer."""


def arrivals(
    source: Source, ledger: SourceLedger | None, mapping: str, *, force: bool, now: datetime
) -> Arrivals:
    """Compare the files of a source with what was read of them.

    Args:
        source: Its section of the config.
        ledger: What was read before; None: nothing.
        mapping: `mapping_hash` of the source.
        force: Read every file again.
        now: Time of the run.

    Returns:
        What stays, and what is to be read; what is in neither no longer counts.

    Raises:
        ConfigError: If a file, table, driver or column is missing.
        DataError: If a file has changed that must not, or one is gone that must be read again.
        EnvironmentFailure: If a disk, database or storage fails.
    """
    known = dict(ledger.files) if ledger else {}
    same_mapping = ledger is not None and ledger.mapping == mapping
    again = force or not same_mapping
    kept, fresh, new = [], [], Counter[str]()
    moved = ledger is not None and ledger.path != _path(source)
    for found in _found(source, known, moved=moved):
        before = known.pop(found.path, None)
        if before is not None and before.content != found.content:
            _check_change(source, found.path)
        if before is None:
            new[found.content] += 1
        if before is None or before.content != found.content or again or before.is_due(now):
            fresh.append(found)
        else:
            kept.append(replace(before, stat=found.stat))
    names = {Path(found.path).name for found in fresh} if moved else set()
    lost = []
    for before in known.values():
        if new[before.content]:  # a new file with the content of one that is gone: it was renamed
            new[before.content] -= 1
        elif Path(before.path).name not in names:  # else the folder has moved, and it with it
            lost.append(before)
    gone = list(_gone(source, lost, moved=moved))
    if gone and not same_mapping:
        raise _cannot_read_again(source, gone)
    return Arrivals([*kept, *gone], fresh, len(gone))


def mapping_hash(source: Source, config: EventsConfig) -> str:
    """Hash of all that decides what a record of a source becomes, but for the record.

    Raises:
        ConfigError: If the table that it looks up is missing, or the key that hashes ids.
    """
    said = [
        SCHEMA_VERSION,
        source.model_dump(mode="json", exclude=_NOT_MAPPED),
        config.buckets,
        Naming.of(config.identity).digest,
        _of_lookup(source),
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def stat_of(file: Path) -> tuple[int, ...]:
    """What changes whenever a file does."""
    stat = file.stat()
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def content_hash(file: Path, source: Source) -> str:
    """Hash of what a file gives: its bytes, unpacked, and the columns that its folders stand for.

    So a file that is packed after it was read, as logs are rotated, is the same.
    """
    folders = partition(file, _path(source), source=source.name)
    digest = hashlib.sha256(json.dumps(folders, sort_keys=True).encode())
    try:
        with open_bytes(file) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        if is_of_the_disk(error):
            raise
        digest.update(_bytes_hash(file))  # packed and damaged: reading it will say so
    return digest.hexdigest()


def _bytes_hash(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _found(source: Source, known: dict[str, Delivered], *, moved: bool) -> Iterator[Delivered]:
    if isinstance(source, SqlSource):
        yield Delivered(sql.location(source), (), "")  # what it answers is not yet known
        return
    if isinstance(source, DeltaSource):
        place, state = delta.state(source)
        yield Delivered(place, (), hashlib.sha256(json.dumps(state).encode()).hexdigest())
        return
    for file in _files(source, known, moved=moved):
        stat, before = stat_of(file), known.get(str(file))
        untouched = before is not None and before.stat == stat and not moved
        content = before.content if before and untouched else content_hash(file, source)
        yield Delivered(str(file), stat, content)


def _files(source: Source, known: dict[str, Delivered], *, moved: bool) -> list[Path]:
    try:
        return resolve_path(_path(source), source=source.name, kind=source.kind)
    except ConfigError:
        if known and not moved and _keeps(source) and is_place(_path(source), source=source.name):
            return []  # all were read, and have been cleared away since
        raise


def _gone(source: Source, lost: Iterable[Delivered], *, moved: bool) -> Iterator[Delivered]:
    """Deliveries to keep although the path of the config does not lead to them any more."""
    if isinstance(source, SqlSource | DeltaSource) or not _keeps(source):
        return
    for delivered in lost:
        if not (moved and Path(delivered.path).exists()):
            yield delivered


def _keeps(source: Source) -> bool:
    return isinstance(source, FileSource) and source.on_missing == "keep"


def _path(source: Source) -> str:
    return "" if isinstance(source, SqlSource) else source.path


def _check_change(source: Source, file: str) -> None:
    if isinstance(source, FileSource) and source.on_change == "refuse":
        raise DataError(
            f"[events] source {source.name}: {file} has changed since it was read, and on_change "
            "is refuse. Nothing was published. Put the old file back and deliver corrections in "
            "another, or set on_change: replace."
        )


def _cannot_read_again(source: Source, gone: list[Delivered]) -> DataError:
    return DataError(
        f"[events] source {source.name}: its config has changed, so that every file must be read "
        f"again, and {len(gone)} that were read are gone, as {gone[0].path}. Nothing was "
        "published. Put them back, undo the change, or set on_missing: drop to go on without them."
    )


def _of_lookup(source: Source) -> list[str]:
    if not isinstance(source, EventSource) or source.lookup is None:
        return []
    files = resolve_path(source.lookup.path, source=source.name)
    return [_bytes_hash(file).hex() for file in files]
