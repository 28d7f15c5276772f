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

__all__ = ["Asking", "LandmarkBatch", "LandmarkBatches", "LandmarkDataModule"]


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


@dataclass(frozen=True)
class Asking:
    """How customers are asked in training."""

    step_days: float
    """Resolution of the grid, in days."""
    landmarks: int
    """Landmarks per customer and epoch."""
    landmark_density: Literal["linear", "uniform"]
    """How landmarks are spread between the first event and the cutoff."""
    batch_slots: int
    """Padded events, or landmarks, per batch."""


class LandmarkBatches(Dataset[LandmarkBatch]):
    """One epoch of batches over some customers.

    Args:
        jagged: All histories.
        customers: Rows of the customers to use.
        asking: How they are asked.
        end_day: Grid day of the cutoff.
        seed: Seed of the draws.
        shuffle: Whether customers and batches come in random order.
    """

    def __init__(
        self,
        jagged: Jagged,
        customers: Tensor,
        asking: Asking,
        *,
        end_day: float,
        seed: int,
        shuffle: bool,
    ) -> None:
        self.jagged, self.end_day, self.step_days = jagged, end_day, asking.step_days
        generator = torch.Generator().manual_seed(seed)
        days, real = draw_landmark_days(
            self.jagged.grid[self.jagged.offsets[customers]],
            self.end_day,
            landmarks=asking.landmarks,
            step_days=asking.step_days,
            density=asking.landmark_density,
            generator=generator,
        )
        asked = real.any(dim=1)
        self.customers, self.days, self.real = customers[asked], days[asked], real[asked]
        self.batches = length_batches(
            self.jagged.lengths[self.customers],
            batch_slots=asking.batch_slots,
            landmarks=asking.landmarks,
            generator=generator if shuffle else None,
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
        asking: How customers are asked.
        seed: Seed of the draws.
    """

    def __init__(self, data: TrainingData, asking: Asking, *, seed: int) -> None:
        super().__init__()
        self.data, self.asking, self.seed = data, asking, seed * 100_003

    def _batches(self, customers: Tensor, *, seed: int, shuffle: bool) -> LandmarkBatches:
        return LandmarkBatches(
            self.data.jagged,
            customers,
            self.asking,
            end_day=self.data.end_day,
            seed=seed,
            shuffle=shuffle,
        )

    def train_dataloader(self) -> DataLoader[LandmarkBatch]:
        """Batches of the current epoch, with landmarks of its own."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        batches = self._batches(self.data.training, seed=self.seed + epoch + 1, shuffle=True)
        return DataLoader(batches, batch_size=None)

    def val_dataloader(self) -> DataLoader[LandmarkBatch]:
        """Batches of the validation customers, the same in every epoch."""
        batches = self._batches(self.data.validation, seed=self.seed, shuffle=False)
        return DataLoader(batches, batch_size=None)
