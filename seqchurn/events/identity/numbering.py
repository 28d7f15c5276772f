"""Links between texts -> the same links between numbers; the texts stay on the disk.

    pairs/<share>.parquet          links by the share of their first end, each once
    others/seqchurn:to=<share>/    second ends by their share, with the place of their link
    identifiers/<share>.parquet    who is at any end, by share, sorted

The number of an identifier is its place in its share, after all those of the shares before. Only
the identifiers of one share are in memory at a time, and of each link two numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from seqchurn.events.spreading import gathered, spread

__all__ = ["IDENTIFIER", "IS_OWN", "Numbering"]

IDENTIFIER = "identifier"
IS_OWN = "is_own"
"""Whether a record had it as its own, and did not only show it beside its own."""

_LINK = "seqchurn:link"


class Numbering:
    """Identifiers that have a number, and the links between them."""

    def __init__(
        self, links: pl.LazyFrame, folder: Path, share: Callable[[pl.Expr], pl.Expr], shares: int
    ) -> None:
        """Number the ends of all links.

        Args:
            links: Two columns of identifiers, one link a row, in the first one what a record had
                as its own.
            folder: For work in between.
            share: What tells the share of an identifier, in [0, shares).
            shares: Number of shares.
        """
        self._folder = folder
        self._share, self._shares = share, shares
        self.sizes: list[int] = []
        """Number of identifiers in each share."""
        self.one, self.other = self._ends(links)
        """Numbers at both ends of each link, Int32; a link may be there once in each direction."""

    @property
    def size(self) -> int:
        """Number of identifiers."""
        return sum(self.sizes)

    def shares(self) -> Iterator[tuple[pl.DataFrame, slice]]:
        """`IDENTIFIER` and `IS_OWN` of each share, and the numbers that they have."""
        start = 0
        for share, size in enumerate(self.sizes):
            yield pl.read_parquet(self._identifiers(share)), slice(start, start + size)
            start += size

    def _ends(self, links: pl.LazyFrame) -> tuple[np.ndarray, np.ndarray]:
        own, linked = links.collect_schema().names()
        counts = self._distinct(links.drop_nulls(), own)
        ends = [np.empty(sum(counts), dtype=np.int32) for _ in (own, linked)]
        pairs = [self._pairs(share) for share in range(self._shares)]
        seen_beside = pl.scan_parquet(pairs, row_index_name=_LINK).select(linked, _LINK)
        others = self._folder / "others"
        spread(seen_beside, others, self._share(pl.col(linked)))
        schema = seen_beside.collect_schema()
        self._identifiers(0).parent.mkdir()
        at = 0  # links of one share follow each other
        for share, count in enumerate(counts):
            owners = pl.read_parquet(pairs[share], columns=[own]).to_series()
            beside = gathered(others, share, schema).collect()
            one, other = self._numbered(share, owners, beside[linked])
            ends[0][at : at + count] = one
            ends[1][beside[_LINK].to_numpy()] = other
            at += count
        return ends[0], ends[1]

    def _distinct(self, links: pl.LazyFrame, own: str) -> list[int]:
        """Write each link once, by the share of its first end; how many each share has."""
        seen = self._folder / "seen"
        spread(links, seen, self._share(pl.col(own)))
        schema, counts = links.collect_schema(), []
        self._pairs(0).parent.mkdir(parents=True)
        for share in range(self._shares):
            once = gathered(seen, share, schema).unique().collect()
            once.write_parquet(self._pairs(share), compression="lz4", statistics=False)
            counts.append(once.height)
        return counts

    def _numbered(
        self, share: int, own: pl.Series, beside: pl.Series
    ) -> tuple[np.ndarray, np.ndarray]:
        """Write the identifiers of a share; the numbers of two columns of them."""
        names = pl.concat([own, beside.alias(own.name)]).unique().sort()
        start, places = self.size, pl.Enum(names)
        one, other = (end.cast(places).to_physical().to_numpy() for end in (own, beside))
        is_own = np.zeros(len(names), dtype=bool)
        is_own[one] = True
        table = pl.DataFrame({IDENTIFIER: names, IS_OWN: is_own})
        table.write_parquet(self._identifiers(share), compression="lz4", statistics=False)
        self.sizes.append(len(names))
        return one + np.int32(start), other + np.int32(start)

    def _pairs(self, share: int) -> Path:
        return self._folder / "pairs" / f"{share}.parquet"

    def _identifiers(self, share: int) -> Path:
        return self._folder / "identifiers" / f"{share}.parquet"
