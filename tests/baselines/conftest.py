from __future__ import annotations

import importlib.util
from pathlib import Path

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


@pytest.fixture(scope="session")
def log_with_events(log: pl.DataFrame) -> pl.DataFrame:
    """The same, with the orders as events of some amount, and a view the day before each order."""
    events = [
        sorted(
            [
                *({"day": d, "event_type": "order", "numbers": {"amount": d % 7}} for d in days),
                *(
                    {"day": max(d - 1, seen), "event_type": "view", "numbers": {"amount": None}}
                    for d in [seen, *days]
                ),
            ],
            key=lambda event: event["day"],
        )
        for _, seen, days in log.rows()
    ]
    numbers = pl.Struct({"amount": pl.Float32})
    of_event = pl.Struct({"day": pl.Float64, "event_type": pl.String, "numbers": numbers})
    return log.with_columns(pl.Series("events", events, dtype=pl.List(of_event)))


@pytest.fixture(scope="session")
def cdnow_sample() -> pl.DataFrame:
    """Histories of the sample, read from a wheel that brings the file, without importing it."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the wheel lifetimes 0.11.3 brings the data: pip install --no-deps lifetimes")
    file = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt"
    fields = [line.split() for line in file.read_text().splitlines()]
    day = pl.col("date").str.to_date("%Y%m%d").to_physical().cast(pl.Float64)
    rows = pl.DataFrame({"customer_id": [f[1] for f in fields], "date": [f[2] for f in fields]})
    order_days = day.unique().sort().alias("order_days")
    return rows.group_by("customer_id", maintain_order=True).agg(
        day.min().alias("first_day"), order_days
    )
