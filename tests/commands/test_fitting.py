"""How many networks are fitted at the same time where the config leaves it open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from seqchurn.commands import fitting
from seqchurn.config import Config
from seqchurn.datasets.training_data import TrainingData

LONG, SHORT = 100_000, 100


def asked(events: int, monkeypatch: pytest.MonkeyPatch, *, cores: int = 2, **fields: Any) -> int:
    """Networks at once for a log of so many events of one customer."""
    monkeypatch.setattr(fitting, "cores", lambda: cores)
    threads = fields.pop("threads", 1)
    source = {"name": "log", "kind": "csv", "path": "x.csv", "customer_id": "c", "timestamp": "t"}
    config = Config.model_validate(
        {
            "name": "shop",
            "threads": threads,
            "events": {"sources": [{**source, "event_type": "order"}]},
            "training": {"accelerator": "cpu", **fields},
        }
    )
    jagged = type("Jagged", (), {"time": torch.empty(events), "__len__": lambda _: 1})()
    return fitting.networks_at_once(config, cast(TrainingData, SimpleNamespace(jagged=jagged)))


def test_long_fits_take_a_core_each(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(LONG, monkeypatch) == 2
    assert asked(LONG, monkeypatch, cores=64) == 3  # there are no more networks
    assert asked(LONG, monkeypatch, cores=8, threads=4) == 2
    assert asked(LONG, monkeypatch, cores=2, threads=4) == 1


def test_short_fits_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(SHORT, monkeypatch) == 1
    assert asked(LONG, monkeypatch, max_epochs=5) == 1


def test_an_accelerator_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(LONG, monkeypatch, accelerator="gpu") == 1


def test_what_is_configured_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(SHORT, monkeypatch, at_once=3) == 3
    assert asked(SHORT, monkeypatch, at_once=9) == 3
    assert asked(LONG, monkeypatch, at_once=1) == 1
