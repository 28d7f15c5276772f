"""A part -> the same part without the records of customers who were forgotten."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from seqchurn.events.deliveries.ledger import Delivered
from seqchurn.events.deliveries.links import set_links_apart
from seqchurn.events.deliveries.part import AS_RECORDS, Part
from seqchurn.events.deliveries.split import Terms
from seqchurn.events.sources import FILE
from seqchurn.schema import CUSTOMER_ID

__all__ = ["cleanse"]


def cleanse(
    part: Part, files: Iterable[Delivered], folder: Path, terms: Terms
) -> Iterator[Delivered]:
    """Write a part anew, as reading its files again would.

    Args:
        part: What was read.
        files: The deliveries that count of it.
        folder: Where the new part goes.
        terms: With all who were forgotten.

    Yields:
        The deliveries with their new part: what was kept or refused of the forgotten is filtered.
    """
    new = Part(folder / uuid.uuid4().hex)
    new.folder.mkdir()
    os.link(part.schema_file, new.schema_file)
    removed = _records(part, new, terms)
    if removed:
        set_links_apart(new)
    else:
        for links in part.link_files():
            os.link(links, new.folder / links.name)
    unrefused = _quarantine(part, new, terms)
    new.seal(part.read_files())
    for file in files:
        counts = file.counts
        counts = replace(
            counts,
            refused=counts.refused - unrefused[file.path],
            filtered=counts.filtered + unrefused[file.path] + removed[file.path],
        )
        yield replace(file, part=new.folder.name, counts=counts)


def _records(part: Part, new: Part, terms: Terms) -> Counter[str]:
    """Write what stays; by file, how many records do not."""
    removed: Counter[str] = Counter()
    for file in part.record_files():
        target = new.folder / file.relative_to(part.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = pl.scan_parquet(file, hive_partitioning=False)
        theirs = terms.forgotten.theirs(rows, terms.naming)
        if theirs is None:
            os.link(file, target)
        else:
            removed.update(dict(rows.filter(theirs).group_by(FILE).len().collect().iter_rows()))
            rows.filter(~theirs).sink_parquet(target, **AS_RECORDS)
    return removed


def _quarantine(part: Part, new: Part, terms: Terms) -> Counter[str]:
    """Write what stays, without texts that may be of anyone; by file, how many rows do not."""
    if not part.quarantine_file.exists():
        return Counter()
    rows = pl.scan_parquet(part.quarantine_file)
    named = terms.naming.identifier(pl.col(CUSTOMER_ID))
    theirs = terms.forgotten.theirs(rows, terms.naming, own=named)
    counted: Counter[str] = Counter()
    if theirs is not None:
        counted.update(dict(rows.filter(theirs).group_by("file").len().collect().iter_rows()))
        rows = rows.filter(~theirs)
    raw = pl.when(pl.col(CUSTOMER_ID).is_not_null()).then(pl.col("raw")).alias("raw")
    rows.with_columns(raw).sink_parquet(new.quarantine_file)
    return counted
