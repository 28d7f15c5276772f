from __future__ import annotations

import numpy as np
import polars as pl
import pytest

CUTOFF = 200.0
"""Day of the cutoff in the drawn log, which runs to day 300."""


@pytest.fixture(scope="session")
def log() -> pl.DataFrame:
    """Histories of 600 drawn customers: gamma rates, leaving, some first seen without an order."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(600):
        seen = float(rng.integers(0, 250))
        day, days = seen if rng.random() < 0.7 else seen + rng.integers(1, 120), []
        rate = rng.gamma(1.0, 0.05) + 1e-4
        while day < 300:
            days.append(float(np.floor(day)))
            day += rng.exponential(1 / rate) if rng.random() > 0.1 else np.inf
        rows.append((f"c{customer}", seen, sorted(set(days))))
    schema = {"customer_id": pl.String, "first_day": pl.Float64, "order_days": pl.List(pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")
