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
from seqchurn.events.deliveries.part import OTHER, OWN, Part
from seqchurn.events.deliveries.split import Terms
from seqchurn.events.identity.identifiers import LINKED
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
    new, forgotten = Part(folder / uuid.uuid4().hex), terms.forgotten
    new.folder.mkdir()
    os.link(part.schema_file, new.schema_file)
    removed = _records(part, new, forgotten.holds_record(terms.naming))
    for file in part.link_files():
        rows = pl.scan_parquet(file)
        gone = forgotten.holds(pl.col(OWN)) | forgotten.holds(pl.col(OTHER))
        rows.filter(~gone).sink_parquet(new.folder / file.name)
    is_gone = forgotten.holds_name(pl.col(CUSTOMER_ID), terms.naming)
    if terms.naming.order:
        is_gone = is_gone | forgotten.holds_any(pl.col(LINKED))
    unrefused = _quarantine(part, new, is_gone)
    new.seal(part.read_files())
    for delivered in files:
        counts = delivered.counts
        counts = replace(
            counts,
            refused=counts.refused - unrefused[delivered.path],
            filtered=counts.filtered + unrefused[delivered.path] + removed[delivered.path],
        )
        yield replace(delivered, part=new.folder.name, counts=counts)


def _records(part: Part, new: Part, is_gone: pl.Expr) -> Counter[str]:
    """Write what stays; by file, how many records do not."""
    removed: Counter[str] = Counter()
    for file in part.record_files():
        target = new.folder / file.relative_to(part.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = pl.scan_parquet(file, hive_partitioning=False)
        counted = rows.filter(is_gone).group_by(FILE).len().collect()
        if counted.is_empty():
            os.link(file, target)
        else:
            removed.update(dict(counted.iter_rows()))
            rows.filter(~is_gone).sink_parquet(target, compression="lz4", statistics=False)
    return removed


def _quarantine(part: Part, new: Part, is_gone: pl.Expr) -> Counter[str]:
    """Write what stays, without texts that may be of anyone; by file, how many rows do not."""
    if not part.quarantine_file.exists():
        return Counter()
    rows = pl.scan_parquet(part.quarantine_file)
    counted = rows.filter(is_gone).group_by("file").len().collect()
    raw = pl.when(pl.col(CUSTOMER_ID).is_not_null()).then(pl.col("raw")).alias("raw")
    rows.filter(~is_gone).with_columns(raw).sink_parquet(new.quarantine_file)
    return Counter(dict(counted.iter_rows()))
