"""Training data -> a fitted network, by Lightning.

Keeps the weights of the last epoch, unless those of an earlier one were clearly better on the
customers set aside: the step size runs out towards the end, and few customers cannot tell epochs
apart that differ by chance. Leaves a checkpoint after every epoch, so that a run that was cut off
goes on where it stopped. Every step draws from a seed of its own: a run that goes on ends with the
weights of an unbroken one.
"""

from __future__ import annotations

import logging
import pickle
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint

from seqchurn.datasets.data_module import Asking, LandmarkDataModule
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import DivergedError
from seqchurn.training.lightning_module import LandmarkModule
from seqchurn.training.ranks import ALONE, Rank
from seqchurn.training.wait_model import WaitModel

__all__ = ["FitOptions", "OnBatch", "OnEpoch", "fit"]

_log = logging.getLogger(__name__)

OnEpoch = Callable[[int, dict[str, float]], None]
"""Called after every epoch with its number and its metrics."""

OnBatch = Callable[[float, int], None]
"""Called now and then with the epochs that lie behind, as 6.25, and the last one of the fit."""

_NOW_AND_THEN = 0.2  # seconds

_MONITOR = "validation/nll"
_BEST, _LAST = "best", "last"
_CLEARLY = 2.0
"""Standard errors."""


@dataclass(frozen=True)
class FitOptions:
    """How to fit a network; the fields stand in the config section `training`."""

    seed: int
    max_epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    gradient_clip: float
    accelerator: str


def fit(
    network: WaitModel,
    data: TrainingData,
    asking: Asking,
    options: FitOptions,
    *,
    checkpoints: Path,
    on_epoch: OnEpoch,
    on_batch: OnBatch = lambda *_: None,
    rank: Rank = ALONE,
) -> float:
    """Fit a network in place.

    Args:
        network: Fresh weights; afterwards, those of the last epoch or of the best one.
        data: What was known before the cutoff.
        asking: How customers are asked.
        options: How to fit.
        checkpoints: Folder of this very fit; a checkpoint found in it is continued.
        on_epoch: Told the metrics of every epoch, by the first rank.
        on_batch: Told how far the fit has come, by the first rank.
        rank: Which of the processes that fit this network together this one is.

    Returns:
        The validation loss of the weights that were kept, in nats per landmark.

    Raises:
        DivergedError: If the loss is not finite; no checkpoint is left to go on from.
    """
    module = LandmarkModule(
        network,
        step_days=asking.step_days,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
    )
    best = ModelCheckpoint(
        dirpath=checkpoints, filename=_BEST, monitor=_MONITOR, enable_version_counter=False
    )
    epochs = _Epochs()
    telling = [_Tell(on_epoch), _TellOften(on_batch)] if rank.number == 0 else []
    trainer = _trainer(options, [best, epochs, *telling], checkpoints, rank)
    batches = LandmarkDataModule(data, asking, seed=options.seed, rank=rank.number, ranks=rank.of)
    _run(trainer, module, batches, checkpoints)
    if rank.number == 0:
        on_batch(trainer.current_epoch, trainer.current_epoch)
    ran_out = trainer.current_epoch >= options.max_epochs
    kept = f"{_BEST if epochs.last_is_clearly_worse or not ran_out else _LAST}.ckpt"
    state = torch.load(checkpoints / kept, weights_only=True, map_location="cpu")["state_dict"]
    module.load_state_dict(state)
    network.eval()
    losses = epochs.best if kept.startswith(_BEST) else epochs.last
    return float(losses.mean())


def _trainer(
    options: FitOptions, callbacks: list[Callback], checkpoints: Path, rank: Rank
) -> pl.Trainer:
    if rank.of > 1:
        rank.join()
    last = ModelCheckpoint(dirpath=checkpoints, filename=_LAST, enable_version_counter=False)
    patience = _Patience(_MONITOR, patience=options.patience)
    return pl.Trainer(
        accelerator=options.accelerator,
        devices=rank.of,
        strategy="ddp" if rank.of > 1 else "auto",
        plugins=[LightningEnvironment()] if rank.of > 1 else None,  # whatever started this process
        use_distributed_sampler=False,
        max_epochs=options.max_epochs,
        gradient_clip_val=options.gradient_clip,
        callbacks=[_Seed(options.seed, rank), patience, *callbacks, last],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        default_root_dir=checkpoints,
    )


def _run(
    trainer: pl.Trainer, module: LandmarkModule, data: LandmarkDataModule, checkpoints: Path
) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*treespec, LeafSpec", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*does not have many workers")
        warnings.filterwarnings("ignore", message="Checkpoint directory .* is not empty")
        try:
            trainer.fit(
                module, datamodule=data, ckpt_path=_unfinished(checkpoints), weights_only=True
            )
        except DivergedError:
            shutil.rmtree(checkpoints, ignore_errors=True)
            raise


def _unfinished(checkpoints: Path) -> Path | None:
    """The checkpoint to go on from, if there is one that can be read."""
    file = checkpoints / f"{_LAST}.ckpt"
    try:
        torch.load(file, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        return None
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        _log.warning("%s cannot be read, the fit starts afresh: %s", file, type(error).__name__)
        return None
    _log.info("continuing the fit in %s", checkpoints)
    return file


class _Seed(Callback):
    """Seeds the dropout of a step: Lightning's own draws differ where a fit goes on."""

    def __init__(self, seed: int, rank: Rank) -> None:
        self.seed = (seed * rank.of + rank.number) * 100_003
        self.draws = False

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        dropouts = (part.p for part in module.modules() if isinstance(part, torch.nn.Dropout))
        self.draws = any(dropouts)  # seeding takes longer than many a layer

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        if self.draws:
            torch.manual_seed(self.seed + trainer.global_step)


class _Patience(EarlyStopping):
    """Early stopping that stays stopped if the fit is continued."""

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        trainer.should_stop |= self.wait_count >= self.patience


class _Epochs(Callback):
    """Losses of the validation customers in the best and in the last epoch."""

    def __init__(self) -> None:
        self.best = self.last = torch.empty(0)

    @property
    def last_is_clearly_worse(self) -> bool:
        """Whether it is worse than the best by more than chance among the customers explains."""
        worse = self.last - self.best  # (validation customers,)
        return bool(worse.mean() > _CLEARLY * worse.std(correction=0) / len(worse) ** 0.5)

    def on_validation_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.last = torch.cat(cast("LandmarkModule", module).asked).cpu()
        if not len(self.best) or self.last.mean() < self.best.mean():
            self.best = self.last

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"best": self.best, "last": self.last}

    def load_state_dict(self, state_dict: dict[str, torch.Tensor]) -> None:
        self.best, self.last = state_dict["best"], state_dict["last"]


class _Tell(Callback):
    """Passes the metrics of every epoch on."""

    def __init__(self, on_epoch: OnEpoch) -> None:
        self.on_epoch = on_epoch

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        _log.info(
            "epoch %d: %s",
            trainer.current_epoch + 1,
            ", ".join(f"{name} {value:.4f}" for name, value in sorted(metrics.items())),
        )
        self.on_epoch(trainer.current_epoch + 1, metrics)


class _TellOften(Callback):
    """Passes on how far the fit has come, but not after each of many short batches."""

    def __init__(self, on_batch: OnBatch) -> None:
        self.on_batch = on_batch
        self.told = 0.0

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self._tell(trainer, 0.0)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        if time.monotonic() - self.told >= _NOW_AND_THEN:
            self._tell(trainer, (batch_idx + 1) / trainer.num_training_batches)

    def _tell(self, trainer: pl.Trainer, of_epoch: float) -> None:
        self.told = time.monotonic()
        self.on_batch(trainer.current_epoch + of_epoch, cast("int", trainer.max_epochs))
