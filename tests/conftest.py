"""Small histories, made by the code that makes the large ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import settings

pytest_plugins = ["tests.shop"]

settings.register_profile("patient", deadline=None)  # a busy machine breaks no law
settings.load_profile("patient")

Log = dict[str, list[tuple[float, str]]]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: with small tensors, two that wait for each other are far slower."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def start() -> datetime:
    """Day 18,262 of the clock, from which the drawn logs count their days."""
    return datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def sequences_of(start: datetime) -> Callable[..., pl.DataFrame]:
    """Sequences of a log: per customer, events in order as (days since the start, type)."""

    def sequences(log: Log, **attributes: list[Any]) -> pl.DataFrame:
        columns = {
            "customer_id": list(log),
            "timestamp": [[start + timedelta(days=day) for day, _ in log[c]] for c in log],
            "event_type": [[event_type for _, event_type in log[c]] for c in log],
            **attributes,
        }
        lists = {"timestamp": pl.List(pl.Datetime("us", "UTC")), "event_type": pl.List(pl.String)}
        return pl.DataFrame(columns, schema_overrides=lists)

    return sequences


@pytest.fixture(scope="session")
def jagged_of(start: datetime) -> Callable[..., Any]:
    """Histories of sequences before a day, with a codebook fitted on what lies before it."""
    from seqchurn.datasets.codebook import Attributes, Codebook
    from seqchurn.datasets.jagged import Jagged, events_before, make_jagged
    from seqchurn.waits.clock import Clock

    def jagged(
        sequences: pl.DataFrame,
        end: float,
        *,
        step_days: float = 1.0,
        max_events: int = 1_000,
        attributes: Attributes | None = None,
        codebook: Codebook | None = None,
    ) -> Jagged:
        cutoff = start + timedelta(days=end)
        read = attributes or Attributes()
        known = sequences.filter(pl.col("timestamp").list.first() < cutoff)
        events = events_before(known, cutoff, attributes=[*read.numbers, *read.categories])
        fitted = Codebook.fit(events, known, attributes=read, max_categories=3)
        return make_jagged(
            sequences,
            codebook=codebook or fitted,
            clock=Clock(step_days),
            target="order",
            cutoff=cutoff,
            max_events=max_events,
        )

    return jagged
