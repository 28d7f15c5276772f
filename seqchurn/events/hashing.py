"""Stable hashes: the bucket of a customer, the id of an event that came without one.

xxHash64 of UTF-8 text, which stays the same over versions and machines; Polars' own hash is
promised to stay so only within one version.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import polars_hash  # noqa: F401  (registers the namespace `nchash`)

__all__ = ["bucket", "row_hash"]

_BETWEEN = "\x1f"
_NULL = "\x00"


def bucket(customer_id: pl.Expr, buckets: int) -> pl.Expr:
    """Bucket of each customer, Int32 in [0, buckets).

    Args:
        customer_id: Ids as text, none null.
        buckets: Number of buckets.
    """
    return (_xxhash64(customer_id) % buckets).cast(pl.Int32)


def row_hash(columns: Mapping[str, pl.DataType], *, salt: str) -> pl.Expr:
    """Hash of some columns of each row, UInt64; equal rows have equal hashes.

    Args:
        columns: Names and dtypes: text, Float64 (taken bit by bit) or Datetime.
        salt: Text that sets the rows of one source apart from equal rows of another.
    """
    texts = [_text(pl.col(name), dtype).fill_null(_NULL) for name, dtype in columns.items()]
    return _xxhash64(pl.concat_str(pl.lit(salt), *texts, separator=_BETWEEN))


def _text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return column
    if dtype == pl.Float64:
        return column.reinterpret(dtype=pl.Int64).cast(pl.String)
    return column.to_physical().cast(pl.String)


def _xxhash64(text: pl.Expr) -> pl.Expr:
    hashed: pl.Expr = text.nchash.xxhash64()  # type: ignore[attr-defined]
    return hashed
