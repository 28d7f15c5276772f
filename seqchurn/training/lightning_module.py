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
from seqchurn.waits.likelihood import landmark_nll

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

    def training_step(self, batch: LandmarkBatch, batch_index: int) -> Tensor:
        """Loss of a batch and the prior of activity, in nats per real landmark."""
        return self._loss(batch, batch_index, "train") + self.model.activity.penalty()

    def validation_step(self, batch: LandmarkBatch, batch_index: int) -> None:
        """Logs the loss of a batch."""
        self._loss(batch, batch_index, "validation")

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW on one cycle of step sizes over all epochs."""
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
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

    def _loss(self, batch: LandmarkBatch, batch_index: int, split: str) -> Tensor:
        real = batch.landmarks.real
        loss = landmark_nll(
            self.model(batch.events, batch.landmarks),
            batch.questions.days,
            batch.questions.survived_days,
            batch.questions.observed,
            real,
            step_days=self.step_days,
        )
        if not torch.isfinite(loss):
            which = "loss" if split == "train" else f"{split} loss"
            raise DivergedError(
                f"[training] the {which} became {loss.item()} at epoch {self.current_epoch}, batch "
                f"{batch_index} ({len(batch.landmarks.day)} customers). Lower "
                "training.learning_rate or look for extreme attribute values."
            )
        self.log(f"{split}/nll", loss, on_epoch=True, on_step=False, batch_size=int(real.sum()))
        return loss
