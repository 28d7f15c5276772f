"""Jagged histories -> Lightning batches with landmarks and what became of them.

Training landmarks are drawn anew in every epoch, validation landmarks once; both depend on the
seed and the epoch alone, so that a resumed run sees what an unbroken one would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from seqchurn.datasets.batch import EventBatch, length_batches, pad
from seqchurn.datasets.jagged import Jagged
from seqchurn.datasets.landmarks import Landmarks, Questions, ask, draw_landmark_days, place
from seqchurn.datasets.training_data import TrainingData

__all__ = ["LandmarkBatch", "LandmarkBatches", "LandmarkDataModule"]


@dataclass(frozen=True)
class LandmarkBatch:
    """Padded histories, where they are asked, and the answers."""

    events: EventBatch
    landmarks: Landmarks
    questions: Questions

    def to(self, device: torch.device | str) -> LandmarkBatch:
        """The same batch on another device."""
        return LandmarkBatch(
            self.events.to(device), self.landmarks.to(device), self.questions.to(device)
        )


class LandmarkBatches(Dataset[LandmarkBatch]):
    """One epoch of batches over some customers.

    Args:
        jagged: All histories.
        customers: Rows of the customers to use.
        end_day: Grid day of the cutoff.
        step_days: Resolution of the grid, in days.
        landmarks: Landmarks per customer.
        density: How landmarks are spread between first event and cutoff.
        batch_slots: Padded events per batch.
        seed: Seed of the draws.
        shuffle: Whether customers and batches come in random order.
    """

    def __init__(
        self,
        jagged: Jagged,
        customers: Tensor,
        *,
        end_day: float,
        step_days: float,
        landmarks: int,
        density: Literal["linear", "uniform"],
        batch_slots: int,
        seed: int,
        shuffle: bool,
    ) -> None:
        self.jagged = jagged
        self.end_day, self.step_days = end_day, step_days
        self.generator = torch.Generator().manual_seed(seed)
        first_day = jagged.grid[jagged.offsets[customers]]
        self.days, self.real = draw_landmark_days(
            first_day,
            end_day,
            landmarks=landmarks,
            step_days=step_days,
            density=density,
            generator=self.generator,
        )
        asked = self.real.any(dim=1)
        self.customers, self.days, self.real = customers[asked], self.days[asked], self.real[asked]
        self.batches = length_batches(
            jagged.lengths[self.customers],
            batch_slots=batch_slots,
            landmarks=landmarks,
            generator=self.generator if shuffle else None,
        )

    def __len__(self) -> int:
        """Number of batches."""
        return len(self.batches)

    def __getitem__(self, index: int) -> LandmarkBatch:
        """Batch `index` of this epoch."""
        rows = self.batches[index]
        events = pad(self.jagged, self.customers[rows])
        landmarks = place(
            self.days[rows],
            self.real[rows],
            grid=events.grid,
            wait_start=events.wait_start,
            step_days=self.step_days,
        )
        questions = ask(
            landmarks,
            next_target=events.next_target,
            end_day=self.end_day,
            step_days=self.step_days,
        )
        return LandmarkBatch(events, landmarks, questions)


class LandmarkDataModule(pl.LightningDataModule):
    """Batches for a fit.

    Args:
        data: What was known before the cutoff.
        step_days: Resolution of the grid, in days.
        landmarks: Landmarks per customer and epoch.
        density: How landmarks are spread between first event and cutoff.
        batch_slots: Padded events per batch.
        seed: Seed of the draws.
    """

    def __init__(
        self,
        data: TrainingData,
        *,
        step_days: float,
        landmarks: int,
        density: Literal["linear", "uniform"],
        batch_slots: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.data, self.step_days, self.seed = data, step_days, seed
        self.landmarks, self.density, self.batch_slots = landmarks, density, batch_slots

    def _batches(self, customers: Tensor, *, seed: int, shuffle: bool) -> LandmarkBatches:
        return LandmarkBatches(
            self.data.jagged,
            customers,
            end_day=self.data.end_day,
            step_days=self.step_days,
            landmarks=self.landmarks,
            density=self.density,
            batch_slots=self.batch_slots,
            seed=seed,
            shuffle=shuffle,
        )

    def train_dataloader(self) -> DataLoader[LandmarkBatch]:
        """Batches of the current epoch, with landmarks of its own."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        seed = self.seed * 100_003 + epoch + 1
        return DataLoader(
            self._batches(self.data.training, seed=seed, shuffle=True), batch_size=None
        )

    def val_dataloader(self) -> DataLoader[LandmarkBatch]:
        """Batches of the validation customers, the same in every epoch."""
        batches = self._batches(self.data.validation, seed=self.seed * 100_003, shuffle=False)
        return DataLoader(batches, batch_size=None)
