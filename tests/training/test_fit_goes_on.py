"""A fit that was cut off, finished or stopped, and is asked for again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqchurn.datasets.training_data import TrainingData
from seqchurn.training import fit as module
from tests.training.fitting import LONG, CutOff, distance, losses, run

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),  # Lightning's own
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_a_fit_that_was_cut_off_goes_on_to_the_weights_of_an_unbroken_one(
    epoch: int, data: TrainingData, tmp_path: Path
) -> None:
    unbroken = run(data, tmp_path / "unbroken")
    with pytest.raises(CutOff):
        run(data, tmp_path / "cut", cut_off_at=epoch)
    torch.manual_seed(99)  # whatever was drawn in between
    resumed = run(data, tmp_path / "cut")
    assert resumed[2] == unbroken[2][epoch - 1 :]  # the epoch that was cut off is done again
    assert distance(resumed[1], unbroken[1]) < 1e-6
    assert resumed[0] == pytest.approx(unbroken[0], abs=1e-9)


def test_a_fit_that_was_cut_off_within_an_epoch_goes_on_alike(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = run(data, tmp_path / "unbroken")
    step, steps = module.LandmarkModule.training_step, []

    def training_step(self: Any, batch: Any, index: int) -> torch.Tensor:
        steps.append((self.current_epoch, index))
        if steps[-1] == (2, 1):
            raise CutOff
        return step(self, batch, index)

    monkeypatch.setattr(module.LandmarkModule, "training_step", training_step)
    with pytest.raises(CutOff):
        run(data, tmp_path / "cut")
    monkeypatch.undo()
    resumed = run(data, tmp_path / "cut")
    assert [epoch for epoch, _ in resumed[2]] == [3, 4]
    assert distance(resumed[1], unbroken[1]) < 1e-6


@pytest.mark.usefixtures("worse_and_worse")
def test_a_fit_goes_on_from_its_last_epoch_also_where_that_was_not_the_best(
    data: TrainingData, tmp_path: Path
) -> None:
    unbroken = run(data, tmp_path / "unbroken", LONG)
    assert int(np.argmin(losses(unbroken[2]))) == 1
    with pytest.raises(CutOff):
        run(data, tmp_path / "cut", LONG, cut_off_at=6)
    resumed = run(data, tmp_path / "cut", LONG)
    assert resumed[2] == unbroken[2][5:]
    assert distance(resumed[1], unbroken[1]) < 1e-6


def test_a_fit_that_was_finished_is_not_gone_on_with(data: TrainingData, tmp_path: Path) -> None:
    finished = run(data, tmp_path / "all epochs")
    again = run(data, tmp_path / "all epochs")
    assert (again[0], again[2]) == (finished[0], [])
    assert distance(again[1], finished[1]) == 0


@pytest.mark.usefixtures("worse_and_worse")
def test_a_fit_that_has_stopped_early_stays_stopped(data: TrainingData, tmp_path: Path) -> None:
    hasty = replace(LONG, patience=2)
    stopped = run(data, tmp_path / "fit", hasty)
    assert len(stopped[2]) == 4
    again = run(data, tmp_path / "fit", hasty)
    assert (again[0], again[2]) == (stopped[0], [])
    assert distance(again[1], stopped[1]) == 0


def test_a_damaged_checkpoint_is_reported_and_the_fit_starts_afresh(
    data: TrainingData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unbroken = run(data, tmp_path / "unbroken")
    with pytest.raises(CutOff):
        run(data, tmp_path / "cut", cut_off_at=3)
    last = tmp_path / "cut" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:2_000])
    afresh = run(data, tmp_path / "cut")
    assert "last.ckpt cannot be read, the fit starts afresh" in caplog.text
    assert afresh[2] == unbroken[2]
    assert distance(afresh[1], unbroken[1]) == 0


def test_how_far_a_fit_has_come_is_told_from_where_it_goes_on(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NOW_AND_THEN", 0.0)
    at: list[tuple[float, int]] = []
    with suppress(CutOff):
        run(data, tmp_path, cut_off_at=3, on_batch=lambda *told: at.append(told))
    assert (at[0], at[-1]) == ((0.0, 4), (3.0, 4))
    at.clear()
    run(data, tmp_path, on_batch=lambda *told: at.append(told))
    assert at[0] in {(2.0, 4), (3.0, 4)}  # what lies behind it, by the checkpoint
    assert at[-1] == (4, 4)
    assert at == sorted(at)
    at.clear()
    run(data, tmp_path, on_batch=lambda *told: at.append(told))
    assert at == [(4, 4)]
