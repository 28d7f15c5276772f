from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from seqchurn.datasets.codebook import Codebook
from seqchurn.datasets.data_module import Asking, LandmarkBatch, LandmarkBatches
from seqchurn.datasets.facts import data_facts
from seqchurn.datasets.jagged import Jagged
from seqchurn.encoders import GruEncoder
from seqchurn.errors import DivergedError
from seqchurn.heads import WeibullHead
from seqchurn.heads.activity import Activity
from seqchurn.training.lightning_module import LandmarkModule
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.likelihood import landmark_nll

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

FIRST_DAY, END = 18_262.0, 100.0


@pytest.fixture(scope="module")
def jagged(sequences_of: Callable[..., Any], jagged_of: Callable[..., Any]) -> Jagged:
    """Sixty customers who order at rates of their own."""
    rng = np.random.default_rng(0)
    log = {}
    for i in range(60):
        days = rng.uniform(0, 30) + rng.exponential(rng.uniform(3, 20), 30).cumsum()
        log[f"c{i}"] = [(float(day), "order") for day in days]
    made: Jagged = jagged_of(sequences_of(log), END)
    return made


@pytest.fixture(scope="module")
def batches(jagged: Jagged) -> list[LandmarkBatch]:
    made = LandmarkBatches(
        jagged,
        torch.arange(len(jagged)),
        Asking(step_days=1.0, landmarks=4, landmark_density="linear", batch_slots=200),
        days=(-math.inf, FIRST_DAY + END),
        seed=0,
        shuffle=False,
    )
    return list(made)


@pytest.fixture
def module(jagged: Jagged) -> LandmarkModule:
    torch.manual_seed(0)
    facts = data_facts(
        jagged, Codebook(("order",), {}, {}, {}, {}), end_day=FIRST_DAY + END, step_days=1.0
    )
    encoder = GruEncoder(facts, hidden_size=8, embedding_size=2, memories=2, dropout=0.0)
    head = WeibullHead(encoder.size, shortest_days=1.0, longest_days=1e4, hidden_size=8)
    network = WaitModel(encoder, head, Activity(facts, levels=5), step_days=1.0)
    return LandmarkModule(network, step_days=1.0, learning_rate=1e-2, weight_decay=1e-2)


def make_trainer(max_epochs: int) -> pl.Trainer:
    return pl.Trainer(
        max_epochs=max_epochs,
        accelerator="cpu",
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@pytest.fixture
def trainer() -> pl.Trainer:
    return make_trainer(5)


def loader(batches: list[Any]) -> DataLoader[LandmarkBatch]:
    return DataLoader(batches, batch_size=None)


def loss(module: LandmarkModule, batch: LandmarkBatch) -> float:
    asked = batch.questions
    with torch.no_grad():
        wait = module.model(batch.events, batch.landmarks)
        real = batch.landmarks.real
        nll = landmark_nll(
            wait, asked.days, asked.survived_days, asked.observed, real, step_days=1.0
        )
    return nll.item()


def masked(batch: LandmarkBatch, share: float) -> LandmarkBatch:
    """The batch with a part of its landmarks turned into padding."""
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(batch.landmarks.real.shape, generator=generator) > share
    return replace(batch, landmarks=replace(batch.landmarks, real=real))


def test_a_wait_starts_at_the_last_order_and_is_asked_for_every_landmark(
    module: LandmarkModule, batches: list[LandmarkBatch]
) -> None:
    batch = batches[0]
    with torch.no_grad():
        wait = module.model(batch.events, batch.landmarks)
        alive = wait.log_survival(batch.questions.survived_days)
    assert alive.shape == batch.landmarks.day.shape
    assert (alive <= 0).all()


def test_the_validation_loss_is_the_mean_over_all_real_landmarks(
    module: LandmarkModule, trainer: pl.Trainer, batches: list[LandmarkBatch]
) -> None:
    uneven = [masked(batches[0], 0.9), *batches[1:]]
    [metrics] = trainer.validate(module, dataloaders=loader(uneven), verbose=False)
    counts = [int(batch.landmarks.real.sum()) for batch in uneven]
    losses = [loss(module, batch) for batch in uneven]
    weighted = sum(n * x for n, x in zip(counts, losses, strict=True)) / sum(counts)
    assert metrics["validation/nll"] == pytest.approx(weighted, rel=1e-6)
    assert abs(weighted - sum(losses) / len(losses)) > 1e-4  # a mean of means is another number


def test_training_lowers_the_loss_and_logs_it(
    module: LandmarkModule, trainer: pl.Trainer, batches: list[LandmarkBatch]
) -> None:
    before = [loss(module, batch) for batch in batches]
    trainer.fit(module, loader(batches), loader(batches))
    assert math.isfinite(float(trainer.callback_metrics["train/nll"]))
    after = [loss(module, batch) for batch in batches]
    assert sum(after) < sum(before) - 0.1 * len(batches)


@pytest.mark.parametrize("steps", [1, 2, 5, 9, 10, 11, 20])
def test_a_fit_of_any_number_of_steps_goes_to_its_end(
    steps: int, module: LandmarkModule, batches: list[LandmarkBatch]
) -> None:
    trainer = make_trainer(max_epochs=steps)
    trainer.fit(module, loader(batches[:1]), loader(batches[:1]))
    assert trainer.global_step == steps
    [optimizer] = trainer.optimizers
    assert 0.0 < optimizer.param_groups[0]["lr"] <= module.learning_rate


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_training_and_names_the_batch(
    value: float, module: LandmarkModule, trainer: pl.Trainer, batches: list[LandmarkBatch]
) -> None:
    spoilt = batches[1]
    events = replace(spoilt.events, gap_days=torch.full_like(spoilt.events.gap_days, value))
    message = (
        rf"the loss became nan at epoch 1, batch 1 \({len(spoilt.events.real)} customers\)\. "
        r"Lower training\.learning_rate"
    )
    with pytest.raises(DivergedError, match=message):
        trainer.fit(module, loader([batches[0], replace(spoilt, events=events)]), loader(batches))
