"""Forty customers to learn from, and a fit that goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import torch

from seqchurn.datasets.codebook import Attributes
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.training import fit as module
from seqchurn.waits.clock import Clock


@pytest.fixture(scope="session")
def data(sequences_of: Callable[..., Any], start: datetime) -> TrainingData:
    """Forty customers who order at rates of their own."""
    rng = np.random.default_rng(0)
    log = {}
    for i in range(40):
        days = rng.uniform(0, 30) + rng.exponential(rng.uniform(3, 20), 20).cumsum()
        log[f"c{i:02}"] = [(float(day), "order") for day in days]
    return training_data(
        sequences_of(log),
        cutoff=start + timedelta(days=100),
        clock=Clock(1.0),
        target="order",
        attributes=Attributes(),
        limits=(1_000, 10),
        split=Split(0.25, 1_000, 0.15, 0.0, 0),
    )


@pytest.fixture
def worse_and_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the third epoch on, something pulls at the weights in every step."""
    step = module.LandmarkModule.training_step

    def training_step(self: Any, batch: Any, index: int) -> torch.Tensor:
        if self.current_epoch >= 2:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter += 0.2
        return step(self, batch, index)

    monkeypatch.setattr(module.LandmarkModule, "training_step", training_step)
