from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric.plugins.environments.lightning import find_free_network_port

from seqchurn.datasets.data_module import LandmarkBatch, LandmarkDataModule
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.processes import run_apart
from seqchurn.training.ranks import Rank
from seqchurn.waits.likelihood import landmark_nll
from tests.training.fitting import ASKING, LONG, OPTIONS, fresh, run
from tests.training.together import (
    CERTAIN,
    Fit,
    Step,
    batches_of,
    fit_together,
    rows_of,
    take_a_step,
)

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

RANKS = 2


def told_by_all(work: Any, tasks: list[Any]) -> list[list[Any]]:
    """What each of some processes at work together tells."""
    told: dict[str, list[Any]] = {str(n): [] for n in range(len(tasks))}
    run_apart(
        work,
        {str(n): task for n, task in enumerate(tasks)},
        at_once=len(tasks),
        told=lambda name, message: told[name].append(message),
    )
    return list(told.values())


def ranks() -> list[Rank]:
    port = find_free_network_port()
    return [Rank(number, RANKS, port) for number in range(RANKS)]


def asked_days(batches: list[LandmarkBatch]) -> list[float]:
    """All landmarks of an epoch."""
    return sorted(day for b in batches for day in b.landmarks.day[b.landmarks.real].tolist())


def alone(data: TrainingData, batch: LandmarkBatch) -> tuple[dict[str, torch.Tensor], float]:
    """Gradients and loss of a batch in one process."""
    network, asked = fresh(data, encoder=CERTAIN), batch.questions
    network.train()
    waits = network(batch.events, batch.landmarks)
    answers = (asked.days, asked.survived_days, asked.observed, batch.landmarks.real)
    nll = landmark_nll(waits, *answers, step_days=1.0)
    (nll + network.activity.penalty()).backward()  # type: ignore[no-untyped-call]
    found = {f"model.{n}": p.grad for n, p in network.named_parameters() if p.grad is not None}
    return found, nll.item()


def test_ranks_share_the_customers_and_the_slots(data: TrainingData) -> None:
    customers = torch.cat([data.training, data.validation])
    shares = [data.of_rank(customers, rank, 3) for rank in range(3)]
    assert sorted(torch.cat(shares).tolist()) == sorted(customers.tolist())
    assert all(len(share) for share in shares)
    of_two = [batches_of(data, rank, RANKS) for rank in range(RANKS)]
    slots = [batch.events.grid.numel() for batches in of_two for batch in batches]
    assert max(slots) <= ASKING.batch_slots / RANKS
    events = [
        sum(int(b.events.real.sum()) for b in batches) for batches in [*of_two, batches_of(data)]
    ]
    assert events[0] + events[1] == events[2]


def test_ranks_draw_landmarks_of_their_own(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingData, "of_rank", lambda self, customers, rank, ranks: customers)
    first, again, other = (asked_days(batches_of(data, rank, RANKS)) for rank in (0, 0, 1))
    assert first == again
    assert first != other


def test_more_devices_than_customers_are_refused(data: TrainingData) -> None:
    few = replace(data, training=data.training[:1])
    lonely = next(r for r in range(RANKS) if not len(few.of_rank(few.training, r, RANKS)))
    with pytest.raises(
        DataError, match=r"\[training\] devices is 2, and one of them has none of the 1 customers"
    ):
        batches_of(few, lonely, RANKS)


@pytest.mark.slow
@pytest.mark.parametrize("asked_of_the_other", ["some", "none"])
def test_a_batch_split_in_two_has_the_gradients_of_one_process(
    asked_of_the_other: str, data: TrainingData
) -> None:
    batch = max(batches_of(data), key=lambda b: len(b.landmarks.day))
    real = batch.landmarks.real.clone()
    first = len(real) // 3  # so that the halves weigh differently
    if asked_of_the_other == "none":
        real[first:] = False
    batch = replace(batch, landmarks=replace(batch.landmarks, real=real))
    halves = [rows_of(batch, slice(None, first)), rows_of(batch, slice(first, None))]
    steps = [Step(rank, data, half) for rank, half in zip(ranks(), halves, strict=True)]
    expected, nll = alone(data, batch)
    for [(found, told)] in told_by_all(take_a_step, steps):
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            np.testing.assert_allclose(found[name], gradient.numpy(), rtol=0.0, atol=1e-6)
        assert told == pytest.approx(nll, abs=1e-6)
    assert max(float(g.abs().max()) for g in expected.values()) > 0.01  # not equal as all are 0


@pytest.mark.slow
def test_ranks_fit_as_well_as_one_process(data: TrainingData, tmp_path: Path) -> None:
    shares = [data.of_rank(data.training, rank, RANKS) for rank in range(RANKS)]
    data = replace(data, training=torch.cat([shares[0], shares[1][::3]]))
    assert len(batches_of(data, 0, RANKS)) != len(batches_of(data, 1, RANKS))  # one has to idle
    fits = [Fit(rank, data, LONG, tmp_path / "together") for rank in ranks()]
    first, second = told_by_all(fit_together, fits)
    *epochs, (steps, weights), loss = first  # one of them tells of epochs
    assert len(epochs) == LONG.max_epochs
    [(other_steps, other_weights), other_loss] = second
    assert (steps, loss) == (other_steps, other_loss)
    assert all(np.array_equal(weights[name], other_weights[name]) for name in weights)
    seeds = [run(data, tmp_path / f"{s}", replace(LONG, seed=s))[0] for s in range(4)]
    noise = np.std(seeds, ddof=1)
    assert abs(loss - np.mean(seeds)) < 3.0 * noise, (loss, seeds)


@pytest.mark.slow
def test_ranks_that_go_on_end_with_the_weights_of_an_unbroken_fit(
    data: TrainingData, tmp_path: Path
) -> None:
    whole = [Fit(rank, data, OPTIONS, tmp_path / "whole") for rank in ranks()]
    *_, (_, weights), loss = told_by_all(fit_together, whole)[0]
    broken = [Fit(rank, data, OPTIONS, tmp_path / "broken", cut_off_at=3) for rank in ranks()]
    with pytest.raises(EnvironmentFailure, match="cut off"):
        told_by_all(fit_together, broken)
    again = [
        replace(task, rank=rank, cut_off_at=None)
        for task, rank in zip(broken, ranks(), strict=True)
    ]
    *epochs, (_, found), found_loss = told_by_all(fit_together, again)[0]
    assert len(epochs) == OPTIONS.max_epochs - 2  # the last checkpoint is that of epoch 2
    assert found_loss == loss
    assert all(np.array_equal(weights[name], found[name]) for name in weights)


def test_batches_are_counted_on_the_device_that_fits(data: TrainingData) -> None:
    """NCCL, by which GPUs talk, knows no tensors of the processor."""
    counted: list[torch.Tensor] = []

    def reduce(count: torch.Tensor, reduce_op: str) -> torch.Tensor:
        counted.append(count)
        return torch.tensor(9)

    strategy = SimpleNamespace(root_device=torch.device("meta"), reduce=reduce)
    module = LandmarkDataModule(data, ASKING, seed=0, ranks=RANKS)
    module.trainer = SimpleNamespace(current_epoch=0, strategy=strategy)  # type: ignore[assignment]
    batches = list(module.train_dataloader())
    assert [count.device.type for count in counted] == ["meta"]
    assert len(batches) == 9  # those that it has not are idle
    assert [bool(batch.landmarks.real.any()) for batch in batches] == [True] * 3 + [False] * 6
