"""Text -> its keyed hash (HMAC-SHA256), so that an id can be told apart and not be read.

Without the key nobody can try which id a hash is of; with it, the same id has the same hash in
every run and every source.
"""

from __future__ import annotations

import hmac
import os

import polars as pl
import polars_hash  # noqa: F401  (registers the namespace `chash`)

from seqchurn.errors import ConfigError

__all__ = ["hash_key", "keyed", "keyed_hash"]

_SHORTEST_KEY = 16
_DIGITS = 32
"""Hex digits of a hash: 128 bits, so that no two ids of billions share one."""


def hash_key(variable: str | None) -> bytes | None:
    """The key that an environment variable holds; None where the config names no variable.

    Raises:
        ConfigError: If it is not set, or shorter than 16 bytes.
    """
    if variable is None:
        return None
    found = os.environ.get(variable)
    key = (found or "").encode(errors="backslashreplace")  # always text: the hash takes no other
    if len(key) >= _SHORTEST_KEY:
        return key
    what = "is not set" if found is None else f"holds {len(key)} bytes"
    raise ConfigError(
        f"[events] identity.hash_key: the environment variable {variable} {what}; expected a "
        f"secret of {_SHORTEST_KEY} bytes or more, the same in every run. Make one with "
        "openssl rand -hex 32, keep it and set it."
    )


def keyed_hash(text: str, key: bytes) -> str:
    """HMAC-SHA256 of a text as UTF-8, the first 32 hex digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:_DIGITS]


def keyed(values: pl.Expr, key: bytes) -> pl.Expr:
    """Keyed hash of each text of a column, as `keyed_hash` gives it; null stays null.

    Args:
        values: Text.
        key: What `hash_key` gives: text, as UTF-8.
    """
    hashes: pl.Expr = values.chash.hmac_sha256(key=key.decode())  # type: ignore[attr-defined]
    return hashes.str.slice(0, _DIGITS)
