from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from seqchurn.datasets.data_module import LandmarkDataModule
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import DivergedError
from seqchurn.training import fit as module
from seqchurn.training.wait_model import WaitModel
from tests.training.fitting import ASKING, HEAD, LONG, OPTIONS, distance, fresh, losses, run

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),  # Lightning's own
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

HEADS = [
    HEAD,
    {"kind": "weibull", "hidden_size": 8},
    {**HEAD, "kind": "lognormal_mixture", "never": True},
    {"kind": "hazard_grid", "bins": 6, "hidden_size": 8},
]


def test_the_same_seed_gives_the_same_weights(data: TrainingData, tmp_path: Path) -> None:
    one, other = run(data, tmp_path / "one"), run(data, tmp_path / "other")
    assert one[0] == other[0]
    assert one[2] == other[2]
    assert distance(one[1], other[1]) == 0
    third = run(data, tmp_path / "third", replace(OPTIONS, seed=4))
    assert distance(one[1], third[1]) > 0


@pytest.mark.usefixtures("worse_and_worse")
def test_the_weights_of_the_best_epoch_are_kept_where_the_last_is_clearly_worse(
    data: TrainingData, tmp_path: Path
) -> None:
    best, weights, told = run(data, tmp_path / "fit", LONG)
    assert best == pytest.approx(min(losses(told)))
    assert losses(told)[-1] > best + 1e-3
    network = fresh(data, seed=1)
    network.load_state_dict(weights)
    assert validation_loss(network, data, tmp_path) == pytest.approx(best, rel=1e-6)


def test_the_last_weights_are_kept_where_ten_customers_cannot_tell_epochs_apart(
    data: TrainingData, tmp_path: Path
) -> None:
    kept, weights, told = run(data, tmp_path / "fit", replace(LONG, learning_rate=1e-2))
    assert len(data.validation) == 10
    assert kept == pytest.approx(losses(told)[-1])
    assert kept > min(losses(told)) + 0.01
    network = fresh(data)
    network.load_state_dict(weights)
    assert validation_loss(network, data, tmp_path) == pytest.approx(kept, rel=1e-6)


def validation_loss(network: WaitModel, data: TrainingData, folder: Path) -> float:
    lightning = module.LandmarkModule(network, step_days=1.0, learning_rate=1e-2, weight_decay=0.0)
    extras = ("progress_bar", "model_summary", "checkpointing")
    quiet: dict[str, Any] = {f"enable_{extra}": False for extra in extras}
    trainer = pl.Trainer(accelerator="cpu", logger=False, default_root_dir=folder, **quiet)
    batches = LandmarkDataModule(data, ASKING, seed=OPTIONS.seed)
    [metrics] = trainer.validate(lightning, dataloaders=batches.val_dataloader(), verbose=False)
    return float(metrics["validation/nll"])


@pytest.mark.parametrize("encoder", ["gru", "lstm"])
@pytest.mark.parametrize("head", HEADS, ids=lambda head: head["kind"])
def test_every_kind_learns_without_nan(
    encoder: str, head: dict[str, Any], data: TrainingData, tmp_path: Path
) -> None:
    best, weights, told = run(data, tmp_path / "fit", encoder={"kind": encoder}, head=head)
    assert all(value.isfinite().all() for value in weights.values())
    assert np.isfinite(losses(told)).all()
    assert best < losses(told)[0]


def test_every_epoch_is_told_its_number_and_its_losses(data: TrainingData, tmp_path: Path) -> None:
    _, _, told = run(data, tmp_path / "fit")
    assert [epoch for epoch, _ in told] == [1, 2, 3, 4]
    assert {tuple(sorted(metrics)) for _, metrics in told} == {("train/nll", "validation/nll")}


@pytest.mark.parametrize(
    ("slots", "complaint"),
    [
        (200, r"the loss became (nan|inf) at epoch 1, batch 1 \(\d+ customers\). Lower training"),
        (100_000, r"the validation loss became (nan|inf) at epoch 1, batch 0 \(10 customers\). "),
    ],
    ids=["many batches", "one batch"],
)
def test_a_loss_that_is_not_finite_stops_the_fit_and_leaves_no_checkpoint(
    slots: int, complaint: str, data: TrainingData, tmp_path: Path
) -> None:
    wild = replace(OPTIONS, learning_rate=1e30, gradient_clip=1e30)
    asking = replace(ASKING, batch_slots=slots)
    nothing_before = float(data.jagged.grid.min())  # customers set aside add no batch
    data = replace(data, aside_day=nothing_before)
    with pytest.raises(DivergedError, match=complaint):
        run(data, tmp_path / "fit", wild, asking=asking)
    assert not (tmp_path / "fit").exists()


def test_a_fit_that_diverges_late_leaves_no_checkpoint_to_go_on_from(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = module.LandmarkModule.training_step

    def training_step(self: Any, batch: Any, index: int) -> torch.Tensor:
        if self.current_epoch == 2:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.fill_(torch.nan)
        return step(self, batch, index)

    monkeypatch.setattr(module.LandmarkModule, "training_step", training_step)
    with pytest.raises(DivergedError, match="the loss became nan at epoch 3, batch 0"):
        run(data, tmp_path / "fit")
    assert not (tmp_path / "fit").exists()


def test_a_fit_writes_only_into_its_folder(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run(data, tmp_path / "fit")
    assert list((tmp_path / "here").iterdir()) == []
    assert sorted(p.name for p in (tmp_path / "fit").iterdir()) == ["best.ckpt", "last.ckpt"]
