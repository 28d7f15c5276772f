from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from seqchurn.datasets.codebook import Attributes
from seqchurn.datasets.data_module import Asking, LandmarkDataModule
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.errors import DivergedError
from seqchurn.training import fit as module
from seqchurn.training.fit import FitOptions, fit
from seqchurn.training.fitted_model import make_model
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.clock import Clock

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),  # Lightning's own
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

Weights = dict[str, torch.Tensor]
Told = list[tuple[int, dict[str, float]]]

ASKING = Asking(step_days=1.0, landmarks=4, landmark_density="linear", batch_slots=200)
OPTIONS = FitOptions(
    seed=3,
    max_epochs=4,
    patience=4,
    learning_rate=1e-2,
    weight_decay=1e-2,
    gradient_clip=1.0,
    accelerator="cpu",
)
LONG = replace(OPTIONS, max_epochs=6, patience=6)
ENCODER = {"kind": "lstm", "hidden_size": 8, "embedding_size": 2, "memories": 2, "dropout": 0.2}
HEAD = {"kind": "loglogistic_mixture", "components": 3, "hidden_size": 8, "never": False}
HEADS = [
    HEAD,
    {"kind": "weibull", "hidden_size": 8},
    {**HEAD, "kind": "lognormal_mixture", "never": True},
    {"kind": "hazard_grid", "bins": 6, "hidden_size": 8},
]


class CutOff(BaseException):
    """Stands for the signal that ends a run."""


@pytest.fixture
def worse_and_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the third epoch on, something pulls at the weights in every step."""
    step = module.LandmarkModule.training_step

    def training_step(self: Any, batch: Any, index: int) -> torch.Tensor:
        if self.current_epoch >= 2:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter += 0.2
        return step(self, batch, index)

    monkeypatch.setattr(module.LandmarkModule, "training_step", training_step)


@pytest.fixture(scope="module")
def data(sequences_of: Callable[..., Any], start: datetime) -> TrainingData:
    """Forty customers who order at rates of their own."""
    rng = np.random.default_rng(0)
    log = {}
    for i in range(40):
        days = rng.uniform(0, 30) + rng.exponential(rng.uniform(3, 20), 20).cumsum()
        log[f"c{i:02}"] = [(float(day), "order") for day in days]
    return training_data(
        sequences_of(log),
        cutoff=start + timedelta(days=100),
        clock=Clock(1.0),
        target="order",
        attributes=Attributes(),
        limits=(1_000, 10),
        split=Split(0.25, 1_000, 0.15, 0),
    )


def fresh(data: TrainingData, seed: int = 0, **changes: Any) -> WaitModel:
    torch.manual_seed(seed)
    encoder = {**ENCODER, **changes.get("encoder", {})}
    head = changes.get("head", HEAD)
    return make_model(data.facts, encoder=encoder, head=head, activity={"levels": 5})


def run(
    data: TrainingData,
    folder: Path,
    options: FitOptions = OPTIONS,
    *,
    cut_off_at: int | None = None,
    **changes: Any,
) -> tuple[float, Weights, Told]:
    """Fit from fresh weights; best loss, weights, what was told of the epochs."""
    network, told = fresh(data, **changes), []

    def tell(epoch: int, metrics: dict[str, float]) -> None:
        told.append((epoch, metrics))
        if epoch == cut_off_at:
            raise CutOff

    asking = changes.get("asking", ASKING)
    best = fit(network, data, asking, options, checkpoints=folder, on_epoch=tell, progress=False)
    assert not network.training
    return best, network.state_dict(), told


def distance(one: Weights, other: Weights) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def losses(told: Told) -> list[float]:
    return [metrics["validation/nll"] for _, metrics in told]


def test_the_same_seed_gives_the_same_weights(data: TrainingData, tmp_path: Path) -> None:
    one, other = run(data, tmp_path / "one"), run(data, tmp_path / "other")
    assert one[0] == other[0]
    assert one[2] == other[2]
    assert distance(one[1], other[1]) == 0
    third = run(data, tmp_path / "third", replace(OPTIONS, seed=4))
    assert distance(one[1], third[1]) > 0


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


def test_a_fit_writes_only_into_its_folder(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run(data, tmp_path / "fit")
    assert list((tmp_path / "here").iterdir()) == []
    assert sorted(p.name for p in (tmp_path / "fit").iterdir()) == ["best.ckpt", "last.ckpt"]
