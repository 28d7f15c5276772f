"""Pairs of numbers -> which numbers hang together: connected components.

Nothing here is text, so that a link costs some bytes of memory, whatever its identifiers look like.

Shapes: N nodes, L links.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Graph"]

Numbers = NDArray[np.int32]


class Graph:
    """Nodes and the links between different ones, each link once, whichever way it was seen."""

    def __init__(self, one: Numbers, other: Numbers, size: int) -> None:
        """Take links.

        Args:
            one: Node at one end of each, in [0, size).
            other: At the other end; a link to itself says nothing.
            size: Number of nodes N.
        """
        pairs = np.minimum(one, other).astype(np.int64)  # (L,)
        pairs *= size
        pairs += np.maximum(one, other)  # one number for both ends: sorted fast, and in place
        pairs.sort()
        first = np.ones(len(pairs), dtype=bool)  # (L,)
        np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
        pairs = pairs[first]
        self.size = size
        self._one = (pairs // max(size, 1)).astype(np.int32)
        pairs %= max(size, 1)
        self._other = pairs.astype(np.int32)
        differ = self._one != self._other
        self._one, self._other = self._one[differ], self._other[differ]

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Links of each node, shape (N,)."""
        at_one = np.bincount(self._one, minlength=self.size)
        return at_one + np.bincount(self._other, minlength=self.size)

    def components(self, left_out: NDArray[np.bool_]) -> Numbers:
        """Smallest node of those that each one hangs together with, shape (N,).

        Each round hooks the trees that links join under the smaller root and flattens them. Of two
        trees that are joined one ends under another in every second round, so that their number
        is halved at least: O(log N) rounds, over fewer links each.

        Args:
            left_out: Nodes whose links are not followed, shape (N,).
        """
        roots = np.arange(self.size, dtype=np.int32)  # (N,)
        kept = ~(left_out[self._one] | left_out[self._other])
        one, other = self._one[kept], self._other[kept]
        while len(one):
            np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
            while True:
                flat = roots[roots]
                if np.array_equal(flat, roots):
                    break
                roots = flat
            one, other = roots[one], roots[other]
            apart = one != other
            one, other = one[apart], other[apart]
        return roots
