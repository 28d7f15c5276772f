"""Score tables of customers with drawn risks, published as `score` publishes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from seqchurn.events.hashing import bucket
from seqchurn.schema import SCORES, dtypes
from seqchurn.storage import BucketStore

__all__ = ["DAY", "publish_scores", "scores"]

DAY = datetime(2024, 6, 15, tzinfo=UTC)
_BUCKETS = 3


def scores(
    p_churn: dict[str, float], *, as_of: datetime = DAY, orders: float = 2.0
) -> pl.DataFrame:
    """A score table with the columns of `score_columns(["28d"])`.

    Args:
        p_churn: Probability of churn of each customer.
        as_of: First instant not seen.
        orders: Expected orders of a customer who certainly does not churn.
    """
    risk = np.array(list(p_churn.values()))
    columns = {
        "customer_id": list(p_churn),
        "as_of": as_of,
        "last_event_at": as_of - timedelta(days=3),
        "last_target_at": None,
        "quiet_days": None,
        "p_order_28d": 1 - risk,
        "p_churn": risk,
        "p_never": 0.0,
        **{f"next_order_p{p}": as_of + timedelta(days=p) for p in (10, 50)},
        "next_order_p90": None,
        "expected_orders_28d": orders * (1 - risk),
        "churn_percentile": 100 * np.searchsorted(np.sort(risk), risk, "right") / len(risk),
        **{"model_name": "shop", "model_version": "1", "run_id": "r"},
        "valid_until": as_of + timedelta(days=1),
    }
    names = {name: SCORES.get(name, "Float64") for name in columns}
    return pl.DataFrame(columns).select(pl.col(c).cast(t) for c, t in dtypes(names).items())


def publish_scores(folder: Path, table: pl.DataFrame) -> BucketStore:
    """Publish a score table where `score` would, below the folder of the scores of a config."""
    as_of = table["as_of"][0]
    store = BucketStore(folder / f"as_of={as_of:%Y-%m-%d}")
    with store.publish(as_of=as_of.isoformat()) as writer:
        parts = table.with_columns(bucket=bucket(pl.col("customer_id"), _BUCKETS))
        for number in range(_BUCKETS):
            rows = parts.filter(bucket=number).drop("bucket")
            if rows.height:
                writer.write(number, rows)
    return store
