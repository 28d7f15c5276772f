"""A collector, and rows as `plan` makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from seqchurn import files
from seqchurn.config.audiences import Audience
from seqchurn.config.deliveries import Delivery
from seqchurn.sinks import Audiences, Plan, Sink, open_sink, plan
from seqchurn.sinks.delivered import Delivered
from tests.sinks.collector import Collector, collecting
from tests.sinks.tables import scores

NOTHING = Delivered.EMPTY


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """A section of the config."""
    return lambda **values: TypeAdapter(Delivery).validate_python(values)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files and folders that the disk was waited for, as they were then."""
    names: list[str] = []

    def fsync(descriptor: int) -> None:
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    monkeypatch.setattr(files.os, "fsync", fsync)
    return names


@pytest.fixture
def sink(delivery: Callable[..., Delivery]) -> Callable[..., Sink]:
    """A sink of the delivery crm."""
    return lambda **values: open_sink("crm", delivery(**values))


@pytest.fixture
def first_plan(delivery: Callable[..., Delivery]) -> Callable[..., Plan]:
    """What to tell of customers with given risks, who have not been delivered yet."""

    def planned(p_churn: dict[str, float], **changes: Any) -> Plan:
        section = delivery(kind="parquet", path="x", bands={"of": "p_churn", "cuts": [0.3, 0.7]})
        audiences = Audiences({"likely": Audience(enter="p_churn > 0.5")})
        table = scores(p_churn, **changes).lazy()
        return plan("crm", section, table, NOTHING, audiences=audiences)

    return planned


@pytest.fixture
def rows(first_plan: Callable[..., Plan]) -> Callable[..., pl.DataFrame]:
    """The rows of such a plan."""
    return lambda p_churn, **changes: first_plan(p_churn, **changes).messages
