from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from seqchurn.datasets.codebook import Attributes
from seqchurn.datasets.data_module import (
    Asking,
    LandmarkBatch,
    LandmarkBatches,
    LandmarkDataModule,
)
from seqchurn.datasets.jagged import Jagged
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.waits.clock import Clock

Make = Callable[..., Any]
END = 60.0
ASKING = Asking(step_days=1.0, landmarks=4, landmark_density="linear", batch_slots=120)


@pytest.fixture(scope="module")
def log() -> dict[str, list[tuple[float, str]]]:
    """Eighty customers over seventy days, the first first seen on the last day before the end."""
    rng = np.random.default_rng(0)
    log = {"new": [(END - 0.5, "order")]}
    for i in range(80):
        times = np.sort(rng.uniform(0, 70, rng.integers(1, 30))).round(2)
        log[f"c{i}"] = [(float(t), str(rng.choice(["order", "view"]))) for t in times]
    return log


@pytest.fixture(scope="module")
def jagged(log: dict[str, Any], sequences_of: Make, jagged_of: Make) -> Jagged:
    made: Jagged = jagged_of(sequences_of(log), END)
    return made


def batches(jagged: Jagged, *, seed: int = 0, shuffle: bool = True) -> list[LandmarkBatch]:
    made = LandmarkBatches(
        jagged,
        torch.arange(len(jagged)),
        ASKING,
        days=(-math.inf, 18_262.0 + END),
        seed=seed,
        shuffle=shuffle,
    )
    drawn = list(made)
    assert len(made) == len(drawn)
    return drawn


def tensors(batch: object) -> list[torch.Tensor]:
    if not is_dataclass(batch):
        assert isinstance(batch, torch.Tensor)
        return [batch]
    return [tensor for f in fields(batch) for tensor in tensors(getattr(batch, f.name))]


def same(one: list[LandmarkBatch], other: list[LandmarkBatch]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(
        torch.equal(a, b) for x, y in pairs for a, b in zip(tensors(x), tensors(y), strict=True)
    )


@pytest.mark.parametrize("shuffle", [True, False])
def test_everybody_with_a_day_to_be_asked_on_is_asked_once_an_epoch(
    shuffle: bool, jagged: Jagged
) -> None:
    first = torch.cat([b.events.time[:, 0] for b in batches(jagged, shuffle=shuffle)])
    firsts = jagged.time[jagged.offsets[:-1]]
    askable = firsts[firsts.floor() < 18_262 + END - 1]
    assert len(askable) < len(firsts)
    assert torch.equal(first.sort().values, askable.sort().values)


def test_all_questions_can_be_answered(jagged: Jagged) -> None:
    for batch in batches(jagged):
        asked, questions = batch.landmarks, batch.questions
        assert asked.real.all()
        assert (asked.day < 18_262 + END).all()
        last_seen = batch.events.grid.gather(1, asked.position)
        assert (last_seen < asked.day).all()
        assert (questions.survived_days >= 0).all()
        assert (questions.survived_days <= questions.days - 1.0).all()


def test_a_seed_decides_the_landmarks_and_another_draws_others(jagged: Jagged) -> None:
    assert same(batches(jagged, seed=1), batches(jagged, seed=1))
    days = [
        torch.cat([b.landmarks.day for b in batches(jagged, seed=s, shuffle=False)]) for s in (1, 2)
    ]
    assert not torch.equal(*days)


def test_what_happens_at_or_after_the_cutoff_changes_no_batch(
    log: dict[str, list[tuple[float, str]]], jagged: Jagged, sequences_of: Make, jagged_of: Make
) -> None:
    rng = np.random.default_rng(1)
    altered = {
        c: [e for e in events if e[0] < END]
        + [(END + float(d), "order") for d in np.sort(rng.uniform(0, 9, 3))]
        for c, events in log.items()
    }
    other = jagged_of(sequences_of(altered | {"z": [(END, "order")]}), END)
    known = torch.tensor([c in set(jagged.customer_ids) for c in other.customer_ids])
    assert known.sum() == len(jagged)  # of the customers seen later only, none is left
    assert len(other) == len(jagged)
    assert same(batches(jagged), batches(other))


def test_a_batch_moves_to_a_device_whole(jagged: Jagged) -> None:
    batch = batches(jagged)[0]
    moved = batch.to("meta")
    assert all(tensor.device.type == "meta" for tensor in tensors(moved))
    assert len(tensors(moved)) == len(tensors(batch))


def test_landmarks_and_answers_keep_to_the_days_that_are_given(jagged: Jagged) -> None:
    """Later orders are as unseen as those after the cutoff; earlier days are not asked about."""
    start, end = 18_262.0 + END - 20.0, 18_262.0 + END - 8.0
    asking = Asking(step_days=1.0, landmarks=8, landmark_density="uniform", batch_slots=120)
    everybody = torch.arange(len(jagged))
    made = LandmarkBatches(jagged, everybody, asking, days=(start, end), seed=0, shuffle=False)
    days = torch.cat([batch.landmarks.day.flatten() for batch in made])
    assert days.min() == start
    assert days.max() == end - 1.0
    for batch in made:
        until = batch.landmarks.wait_start + batch.questions.days
        assert (until <= end).all()
        assert (until[~batch.questions.observed] == end).all()
        assert (until[batch.questions.observed] < end).all()


def test_what_customers_set_aside_do_in_the_last_part_is_asked_and_never_learned(
    log: dict[str, list[tuple[float, str]]], sequences_of: Make, start: datetime
) -> None:
    sequences = sequences_of(log)
    data = of_training(sequences, start)
    part = data.aside_day - 18_262.0
    aside = set(data.jagged.customer_ids.gather(data.validation.tolist()))
    assert 0 < part < END
    changed = {
        c: [e for e in events if e[0] < part or e == events[0]] + [(END - 0.5, "order")]
        if c in aside
        else events
        for c, events in log.items()
    }
    other = of_training(sequences_of(changed), start)
    assert torch.equal(other.validation, data.validation)
    assert learned(other) == learned(data)
    validation = list(LandmarkDataModule(data, ASKING, seed=0).val_dataloader())
    assert min(float(batch.landmarks.day.min()) for batch in validation) >= data.aside_day
    assert max(float(batch.landmarks.day.max()) for batch in validation) < data.end_day


def of_training(sequences: pl.DataFrame, start: datetime) -> TrainingData:
    return training_data(
        sequences,
        cutoff=start + timedelta(days=END),
        clock=Clock(1.0),
        target="order",
        attributes=Attributes(),
        limits=(1_000, 100),
        split=Split(0.4, 1_000, 0.3, 0.0, seed=0),
    )


def learned(data: TrainingData) -> set[tuple[str, tuple[float, ...]]]:
    """Days and answers of every customer in the batches of an epoch."""
    module = LandmarkDataModule(data, ASKING, seed=0)
    names = data.jagged.customer_ids
    times = data.jagged.time[data.jagged.offsets[:-1]].tolist()
    firsts = dict(zip(times, names, strict=True))
    rows = set()
    for batch in module.train_dataloader():
        asked, answers = batch.landmarks, batch.questions
        for i, first in enumerate(batch.events.time[:, 0].tolist()):
            numbers = torch.cat(
                [asked.day[i], asked.wait_start[i], answers.days[i], answers.observed[i].double()]
            )
            rows.add((firsts[first], tuple(numbers.tolist())))
    return rows
