"""A log with closed Sundays and a busy autumn -> a fit that has seen both, and nothing later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from seqchurn.datasets.codebook import Attributes
from seqchurn.datasets.data_module import Asking
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.heads.activity import Activity
from seqchurn.training.fit import FitOptions, fit
from seqchurn.training.fitted_model import make_model
from seqchurn.waits.clock import Clock

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

CUTOFF, LAST = 140, 200
SUNDAY = 4  # day zero of the logs, 2020-01-01, is a Wednesday
BUSY_FROM = 105
ENCODER = {"kind": "gru", "hidden_size": 4, "embedding_size": 2, "memories": 1, "dropout": 0.0}
HEAD = {"kind": "weibull", "hidden_size": 4}


def log_of(closed: int) -> dict[str, list[tuple[float, str]]]:
    """Eighty customers who order on one day of eight but one of the week, then of three."""
    rng = np.random.default_rng(0)
    day = np.arange(LAST)
    chance = np.where(day < BUSY_FROM, 1 / 8, 1 / 3) * (day % 7 != closed)
    drawn = rng.random((80, LAST)) < chance
    drawn[:, 0] = True
    return {f"c{i:02}": [(float(d), "order") for d in np.flatnonzero(drawn[i])] for i in range(80)}


def data_of(sequences: pl.DataFrame, start: datetime) -> TrainingData:
    return training_data(
        sequences,
        cutoff=start + timedelta(days=CUTOFF),
        clock=Clock(1.0),
        target="order",
        attributes=Attributes(),
        limits=(1_000, 10),
        split=Split(0.2, 1_000, 0.15, 0.0, 0),
    )


def learned(data: TrainingData, folder: Path) -> Activity:
    torch.manual_seed(0)
    network = make_model(data.facts, encoder=ENCODER, head=HEAD, activity={"levels": 8})
    options = FitOptions(
        seed=0,
        max_epochs=8,
        patience=8,
        learning_rate=3e-2,
        weight_decay=1e-2,
        gradient_clip=1.0,
        accelerator="cpu",
    )
    asking = Asking(step_days=1.0, landmarks=16, landmark_density="uniform", batch_slots=400)
    fit(
        network,
        data,
        asking,
        options,
        checkpoints=folder,
        on_epoch=lambda epoch, metrics: None,
    )
    return network.activity


def test_a_fit_learns_the_closed_day_and_the_busy_weeks_and_sees_nothing_after_the_cutoff(
    sequences_of: Callable[..., Any], start: datetime, tmp_path: Path
) -> None:
    """What comes at the cutoff or later may be closed on other days: the fit is the same."""
    before, other = log_of(SUNDAY), log_of(closed=0)
    changed = {
        name: [event for event in before[name] if event[0] < CUTOFF]
        + [event for event in other[name] if event[0] >= CUTOFF]
        for name in before
    }
    found, again = (
        learned(data_of(sequences_of(log), start), tmp_path / name)
        for name, log in (("one", before), ("other", changed))
    )
    with torch.no_grad():
        rate = found().rate
        assert torch.equal(again().rate, rate)
    weeks = rate[: CUTOFF + 364].view(-1, 7)  # from the first day over the cutoff: it goes on
    mean = weeks.mean(dim=1)
    assert (weeks[:, SUNDAY] < 0.5 * mean).all()
    seen, busy = CUTOFF // 7, BUSY_FROM // 7
    assert mean[busy:seen].mean() > 1.3 * mean[:busy].mean()
    assert mean[seen] > 1.1 * mean[-1]  # the level fades
    assert mean[-1].item() == pytest.approx(1.0, abs=1e-3)
