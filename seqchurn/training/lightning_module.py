"""Encoder, head and loss -> a Lightning module: optimiser and logging, no mathematics."""

from __future__ import annotations

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from seqchurn.datasets.data_module import LandmarkBatch
from seqchurn.errors import DivergedError
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.likelihood import landmark_losses

__all__ = ["LandmarkModule"]


class LandmarkModule(pl.LightningModule):
    """Fits a wait model by the likelihood of waits at landmarks.

    Args:
        model: The network.
        step_days: Resolution of the log, in days.
        learning_rate: Step size at its highest.
        weight_decay: Weight decay of AdamW.
    """

    def __init__(
        self, model: WaitModel, *, step_days: float, learning_rate: float, weight_decay: float
    ) -> None:
        super().__init__()
        self.model = model
        self.step_days = step_days
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.asked: list[Tensor] = []
        """Losses of the validation customers of this epoch, in nats per landmark."""
        self._sums: dict[str, list[Tensor]] = {"train": [], "validation": []}
        """Losses and landmarks of the batches of this epoch, summed."""

    def training_step(self, batch: LandmarkBatch, batch_index: int) -> Tensor:
        """Loss of a batch and the prior of activity, in nats per real landmark.

        Where several processes fit the network, each gives its share of the loss of all their
        batches, times their number.
        """
        losses = self._losses(batch, batch_index, "train")
        landmarks = self.trainer.strategy.reduce(batch.landmarks.real.sum(), reduce_op="sum")
        ranks = self.trainer.world_size  # whose gradients are averaged
        return ranks * losses.sum() / landmarks + self.model.activity.penalty()

    def on_validation_epoch_start(self) -> None:
        """Forgets the losses of the epoch before."""
        self.asked = []

    def validation_step(self, batch: LandmarkBatch, batch_index: int) -> None:
        """Keeps the loss of each customer."""
        losses = self._losses(batch, batch_index, "validation")
        self.asked.append(losses.sum(dim=1) / batch.landmarks.real.sum(dim=1))

    def on_validation_epoch_end(self) -> None:
        """Logs the losses of the epoch, in nats per real landmark: once, as a step is short."""
        for split, sums in self._sums.items():
            if sums:
                of_all = self.trainer.strategy.reduce(torch.stack(sums).sum(dim=0), reduce_op="sum")
                self.log(f"{split}/nll", of_all[0] / of_all[1], sync_dist=True)
                sums.clear()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW on one cycle of step sizes over all epochs."""
        optimizer = torch.optim.AdamW(
            self.parameters(),
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=self.device.type != "xla",  # for which torch has no such kernel
        )
        scheduler: LRScheduler = OneCycleLR(
            optimizer,
            max_lr=self.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
            pct_start=0.11,  # with 0.1, a fit of ten steps would divide by zero
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _losses(self, batch: LandmarkBatch, batch_index: int, split: str) -> Tensor:
        """Losses of a batch in nats, shape (B, L), checked and added to those of the epoch."""
        losses = landmark_losses(
            self.model(batch.events, batch.landmarks),
            batch.questions.days,
            batch.questions.survived_days,
            batch.questions.observed,
            batch.landmarks.real,
            step_days=self.step_days,
        )
        loss = losses.detach().sum()
        if not torch.isfinite(loss):
            which = "loss" if split == "train" else f"{split} loss"
            raise DivergedError(
                f"[training] the {which} became {loss.item()} at epoch {self.current_epoch + 1}, "
                f"batch {batch_index} ({len(batch.landmarks.day)} customers). Lower "
                "training.learning_rate or look for extreme attribute values."
            )
        self._sums[split].append(torch.stack([loss, batch.landmarks.real.sum().to(loss)]))
        return losses
