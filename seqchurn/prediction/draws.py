"""Customer ids and a seed -> streams of uniform draws, the same wherever a customer is met.

A generator shared by all would give a customer other draws in another company. Here every path of
every customer has a stream of its own: SplitMix64 (Steele, Lea & Flood 2014), which is a hash of
a start and a counter, so that any draw of any stream is had at once.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import polars_hash  # noqa: F401  (registers the namespace `nchash`)
from numpy.typing import NDArray

__all__ = ["streams", "uniforms"]

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def streams(customer_ids: pl.Series, path: NDArray[np.int64], *, seed: int) -> NDArray[np.uint64]:
    """Start of the stream of each path, shape (N,).

    Args:
        customer_ids: Customer of each path, shape (N,).
        path: Number of the path among those of its customer, shape (N,).
        seed: Seed of all draws.
    """
    ids = pl.DataFrame({"id": customer_ids.cast(pl.String)})
    salted = pl.concat_str(pl.lit(f"{seed}:"), pl.col("id"))
    hashed = ids.select(salted.nchash.xxhash64()).to_series().to_numpy()  # type: ignore[attr-defined]
    return _mixed(hashed + _mixed(path.astype(np.uint64) + np.uint64(1)))


def uniforms(streams: NDArray[np.uint64], draw: int) -> NDArray[np.float64]:
    """A draw of each stream by its number, shape (N,), in (0, 1).

    >>> uniforms(np.zeros(1, dtype=np.uint64), 0).round(6).tolist()
    [0.883311]
    """
    bits = _mixed(streams + np.uint64((draw + 1) * _GOLDEN % 2**64))
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))
