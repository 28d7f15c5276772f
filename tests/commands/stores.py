"""What the files of a store hold: texts in whatever form, and customers by table."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import polars as pl

from tests.shop import Shop

__all__ = ["customers", "holders"]


def holders(folder: Path, text: str) -> list[str]:
    """Files that hold a text: in their name, their bytes, their cells or their rows of sqlite."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(p.relative_to(folder)) for p in files if text in p.name or text in _content(p)]


def _content(file: Path) -> str:
    content = file.read_bytes().decode("latin-1")
    if file.suffix == ".parquet":
        content += pl.read_parquet(file).write_json()
    if file.suffix == ".db":
        with contextlib.closing(sqlite3.connect(file)) as database:
            content += "\n".join(database.iterdump())
    return content


def customers(shop: Shop, kind: str, *, as_of: str = "") -> set[str]:
    return set(shop.table(kind, as_of=as_of).scan().collect()["customer_id"])
