"""A table of identifiers that belong together -> raw frames.

The format is told by the ending of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from seqchurn.config.sources import LinksSource
from seqchurn.events.sources.columns import raw_columns
from seqchurn.events.sources.customers import scan_table
from seqchurn.events.sources.files import scan_each

__all__ = ["read"]


def read(
    source: LinksSource, files: Sequence[Path], *, scratch: Path, tolerant: bool
) -> list[pl.LazyFrame]:
    """Records of a table of links, a frame per file; a damaged file is refused."""
    del scratch, tolerant
    scan = partial(scan_table, columns=raw_columns(source), source=source.name)
    return scan_each(files, scan, path=source.path, source=source.name)
