"""Parts of a source -> fewer parts with the same records, so that small deliveries do not pile up.

Parts whose numbers of rows lie between two powers of four are of one class; as soon as there are
four of a class they become one, of a higher class. So each row is written anew at most once per
class, and the number of parts grows with the logarithm of the number of rows. Rows of files that
no longer count are left behind.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import polars as pl

from seqchurn.events.deliveries.ledger import Delivered, SourceLedger
from seqchurn.events.deliveries.links import set_links_apart
from seqchurn.events.deliveries.part import AS_RECORDS, BUCKET, Part

__all__ = ["compacted", "piles", "refused_in_order"]

_TOGETHER = 4
"""Parts of one class that become one; no less than the ratio between classes."""


def compacted(source: SourceLedger, place: Callable[[str], Path], folder: Path) -> SourceLedger:
    """Join the parts of a source of which there are too many.

    Args:
        source: Its deliveries.
        place: Where a part lies.
        folder: Where new parts go.

    Returns:
        The same deliveries in fewer parts.

    Raises:
        DataError: If a part is damaged.
    """
    rows: Counter[str] = Counter()
    for file in source.files.values():
        rows[file.part] += file.counts.sound + file.counts.refused
    whereabouts: dict[str, str] = {}
    for names in piles(rows):
        files = [file for file in source.files.values() if file.part in names]
        joined = _joined(files, place, folder)
        whereabouts |= dict.fromkeys(names, joined.folder.name)
    moved = source.files.values()
    return source.with_files(replace(f, part=whereabouts.get(f.part, f.part)) for f in moved)


def refused_in_order(
    files: Sequence[Delivered], place: Callable[[str], Path]
) -> list[pl.LazyFrame]:
    """Refused records of some files, as they lie in the parts, in order of files and records."""
    found = []
    for name, some in groupby(files, key=lambda file: file.part):
        found.append(Part(place(name), [file.path for file in some]).refused())
    return [rows for rows in found if rows is not None]


def piles(rows: Mapping[str, int]) -> list[list[str]]:
    """Names of parts that are to become one part each, by the rows that count of each."""
    piles = [([name], count) for name, count in rows.items()]
    while True:
        classes = defaultdict(list)
        for pile in piles:
            classes[(pile[1].bit_length() - 1) // 2].append(pile)  # 4 ** n rows, or more
        full = next((some for _, some in sorted(classes.items()) if len(some) >= _TOGETHER), None)
        if full is None:
            return [names for names, _ in piles if len(names) > 1]
        names = [name for some, _ in full for name in some]
        piles = [pile for pile in piles if pile not in full]
        piles.append((names, sum(count for _, count in full)))


def _joined(files: Sequence[Delivered], place: Callable[[str], Path], folder: Path) -> Part:
    """One part with what some files gave, as if they had been read together."""
    used: dict[str, list[str]] = {}
    for file in files:
        used.setdefault(file.part, []).append(file.path)
    parts = [Part(place(name), paths) for name, paths in used.items()]
    for part in parts:
        part.check()
    new = Part(folder / uuid.uuid4().hex)
    new.folder.mkdir(parents=True)
    os.link(parts[0].schema_file, new.schema_file)
    for bucket in sorted({bucket for part in parts for bucket in part.buckets()}):
        target = new.folder / "records" / f"{BUCKET}={bucket}" / "0.parquet"
        told = pl.concat([part.told_records(bucket) for part in parts])
        told.sink_parquet(target, **AS_RECORDS)
    set_links_apart(new)
    if refused := refused_in_order(files, place):
        pl.concat(refused).sink_parquet(new.quarantine_file)
    new.seal([file.path for file in files])
    return new
