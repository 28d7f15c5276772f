"""What a process does that fits a network together with others, for the tests of that."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch.utils.data import DataLoader

from seqchurn.datasets.data_module import LandmarkBatch, LandmarkDataModule
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import EnvironmentFailure
from seqchurn.processes import Tell
from seqchurn.training import fit as module
from seqchurn.training.fit import FitOptions
from seqchurn.training.lightning_module import LandmarkModule
from seqchurn.training.ranks import Rank
from tests.training.fitting import ASKING, ENCODER, fresh

CERTAIN = {**ENCODER, "dropout": 0.0}


@dataclass(frozen=True)
class Step:
    """A batch to take one step with."""

    rank: Rank
    data: TrainingData
    batch: LandmarkBatch


@dataclass(frozen=True)
class Fit:
    """A whole fit."""

    rank: Rank
    data: TrainingData
    options: FitOptions
    folder: Path
    cut_off_at: int | None = None
    """Epoch after which the first rank fails."""


class Gradients(Callback):
    """Keeps the gradients of a step."""

    def __init__(self) -> None:
        self.found: dict[str, torch.Tensor] = {}

    def on_after_backward(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.found = {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None}


def batches_of(data: TrainingData, rank: int = 0, ranks: int = 1) -> list[LandmarkBatch]:
    """The first epoch of a rank, as long as it has batches of its own."""
    return list(LandmarkDataModule(data, ASKING, seed=0, rank=rank, ranks=ranks).train_dataloader())


def rows_of(batch: Any, rows: slice) -> Any:
    """Some customers of a batch, or of a part of it."""
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return type(batch)(
        **{
            n: v[rows] if isinstance(v, torch.Tensor) else rows_of(v, rows)
            for n, v in values.items()
        }
    )


def take_a_step(task: Step, tell: Tell) -> None:
    torch.set_num_threads(1)
    task.rank.join()
    kept = Gradients()
    trainer = pl.Trainer(
        max_steps=1,
        accelerator="cpu",
        devices=task.rank.of,
        strategy="ddp",
        use_distributed_sampler=False,
        callbacks=[kept],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    network = fresh(task.data, encoder=CERTAIN)
    module = LandmarkModule(network, step_days=1.0, learning_rate=1e-2, weight_decay=1e-2)
    batches: DataLoader[LandmarkBatch] = DataLoader([task.batch], batch_size=None)  # type: ignore[arg-type]
    trainer.fit(module, batches, batches)
    tell(
        (
            {n: g.numpy() for n, g in kept.found.items()},
            float(trainer.callback_metrics["train/nll"]),
        )
    )


class _Lightning(LandmarkModule):
    """Tells its steps and weights at the end, before any are read from a file that all share."""

    tell: Tell

    def on_train_end(self) -> None:
        weights = {name: value.numpy().copy() for name, value in self.model.state_dict().items()}
        type(self).tell((self.trainer.global_step, weights))


def fit_together(task: Fit, tell: Tell) -> None:
    def told(epoch: int, metrics: dict[str, float]) -> None:
        tell(metrics["train/nll"])
        if epoch == task.cut_off_at:
            raise EnvironmentFailure("cut off")

    torch.set_num_threads(1)
    _Lightning.tell = staticmethod(tell)
    module.LandmarkModule = _Lightning  # type: ignore[misc]
    loss = module.fit(
        fresh(task.data),
        task.data,
        ASKING,
        task.options,
        checkpoints=task.folder,
        on_epoch=told,
        rank=task.rank,
    )
    tell(loss)
