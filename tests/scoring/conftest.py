"""Score tables as `score` publishes them, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from seqchurn.storage import BucketStore

Said = Mapping[str, tuple[list[float], list[float]]]
"""Horizon to the probabilities and the expected orders of all customers."""
Publish = Callable[..., Path]


@pytest.fixture
def publish(start: datetime, tmp_path: Path) -> Publish:
    """Publish a table of a day of the drawn logs, in two buckets; returns the folder of tables."""

    def published(day: float, customers: list[str], said: Said, *, version: str = "1") -> Path:
        as_of = start + timedelta(days=day)
        columns = {f"p_order_{h}": within for h, (within, _) in said.items()}
        columns |= {f"expected_orders_{h}": orders for h, (_, orders) in said.items()}
        rows = pl.DataFrame({"customer_id": customers, **columns})
        store = BucketStore(tmp_path / "scores" / f"as_of={as_of.astimezone(UTC):%Y-%m-%dT%H}")
        facts = {"as_of": as_of.isoformat(), "model_name": "shop", "model_version": version}
        with store.publish(**facts) as writer:
            writer.write(0, rows[::2])
            writer.write(3, rows[1::2])
        return store.folder.parent

    return published
