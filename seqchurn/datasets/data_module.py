"""Jagged histories -> Lightning batches with landmarks and what became of them.

Customers set aside are asked in the last part only of what is learned from: what they did before
it teaches, as it will of those who are scored, and what they did then tells the epochs apart. What
is common to all in that part, as the level of activity, is known from those who train: the loss
tells how well single customers are told apart, not how well the level of the future is foreseen.
Training landmarks are drawn anew in every epoch, validation landmarks once; both depend on the
seed and the epoch alone, so that a resumed run sees what an unbroken one would.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, replace
from typing import Literal

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader, Dataset

from seqchurn.datasets.batch import EventBatch, length_batches, pad
from seqchurn.datasets.jagged import Jagged
from seqchurn.datasets.landmarks import Landmarks, Questions, ask, draw_landmark_days, place
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import DataError

_OTHER_DRAWS = 50_000  # so that two groups of one epoch are not asked at the same shares of days
_OTHER_RANKS = 1_000_003 * 100_003  # nor two ranks

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
        days: Grid days between which they are asked, the last not included; orders from there on
            are not seen. -inf for all that lies before.
        seed: Seed of the draws.
        shuffle: Whether customers and batches come in random order.
    """

    def __init__(
        self,
        jagged: Jagged,
        customers: Tensor,
        asking: Asking,
        *,
        days: tuple[float, float],
        seed: int,
        shuffle: bool,
    ) -> None:
        first_day, self.end_day = days
        self.jagged, self.step_days = jagged, asking.step_days
        generator = torch.Generator().manual_seed(seed)
        known = self.jagged.grid[self.jagged.offsets[customers]]  # (B,) first days
        landmark_days, real = draw_landmark_days(
            known.clamp(min=first_day - asking.step_days),
            self.end_day,
            landmarks=asking.landmarks,
            step_days=asking.step_days,
            density=asking.landmark_density,
            generator=generator,
        )
        asked = real.any(dim=1)
        self.customers, self.real = customers[asked], real[asked]
        self.days = landmark_days[asked]
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

    def idle(self) -> LandmarkBatches:
        """One batch of one customer who is not asked: nothing for a loss, nor for its gradient."""
        one = copy(self)
        one.batches = [self.batches[0][:1]]
        one.real = torch.zeros_like(self.real)
        return one


class LandmarkDataModule(pl.LightningDataModule):
    """Batches for a fit.

    Where several processes fit together, each of these ranks learns from customers of its own, in
    batches that are smaller by their number, and all are told of the same customers set aside.

    Args:
        data: What was known before the cutoff.
        asking: How customers are asked.
        seed: Seed of the draws.
        rank: Number of this rank.
        ranks: How many there are.
    """

    def __init__(
        self, data: TrainingData, asking: Asking, *, seed: int, rank: int = 0, ranks: int = 1
    ) -> None:
        super().__init__()
        self.data, self.asking, self.seed = data, asking, seed * 100_003
        self.rank, self.ranks = rank, ranks
        self._training = data.of_rank(data.training, rank, ranks)
        self._validation = data.of_rank(data.validation, rank, ranks)
        if not len(self._training):
            raise DataError(
                f"[training] devices is {ranks}, and one of them has none of the "
                f"{len(data.training)} customers to learn from. Choose fewer devices, or bring "
                "more customers."
            )

    def train_dataloader(self) -> DataLoader[LandmarkBatch]:
        """Batches of the current epoch, with landmarks of its own, in random order.

        Ranks that have fewer batches than others end with idle ones: all take the same steps.
        """
        epoch = self.trainer.current_epoch if self.trainer else 0
        seed = self.seed + epoch + 1 + self.rank * _OTHER_RANKS
        asking = replace(self.asking, batch_slots=math.ceil(self.asking.batch_slots / self.ranks))
        learned, told_too = (
            LandmarkBatches(
                self.data.jagged, who, asking, days=(-math.inf, end), seed=draw, shuffle=True
            )
            for who, end, draw in (
                (self._training, self.data.end_day, seed),
                (self._validation, self.data.aside_day, seed + _OTHER_DRAWS),
            )
        )
        count = len(learned) + len(told_too)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
        batches: list[Dataset[LandmarkBatch]] = [learned, told_too]
        if (most := self._most(count)) > count:
            order += [count] * (most - count)
            batches.append(learned.idle())
        return DataLoader(ConcatDataset(batches), batch_size=None, sampler=order)

    def val_dataloader(self) -> DataLoader[LandmarkBatch]:
        """Batches of the customers set aside, the same in every epoch."""
        batches = LandmarkBatches(
            self.data.jagged,
            self.data.validation,
            replace(self.asking, landmark_density="uniform"),
            days=(self.data.aside_day, self.data.end_day),
            seed=self.seed,
            shuffle=False,
        )
        return DataLoader(batches, batch_size=None)

    def _most(self, batches: int) -> int:
        """The most that a rank has, where this one has so many."""
        if not self.trainer:
            return batches
        strategy = self.trainer.strategy
        count = torch.tensor(batches, device=strategy.root_device)  # NCCL knows no other
        return int(strategy.reduce(count, reduce_op="max"))
