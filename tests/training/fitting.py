"""Fits of small networks that can be cut off: what the tests of fitting share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from seqchurn.datasets.data_module import Asking
from seqchurn.datasets.training_data import TrainingData
from seqchurn.training.fit import FitOptions, fit
from seqchurn.training.fitted_model import make_model
from seqchurn.training.wait_model import WaitModel

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


class CutOff(BaseException):
    """Stands for the signal that ends a run."""


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
    heard = {name: changes[name] for name in ("on_batch",) if name in changes}
    best = fit(network, data, asking, options, checkpoints=folder, on_epoch=tell, **heard)
    assert not network.training
    return best, network.state_dict(), told


def distance(one: Weights, other: Weights) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def losses(told: Told) -> list[float]:
    return [metrics["validation/nll"] for _, metrics in told]
