"""The folder of a model bundle -> the model, without MLflow, which floors must not wait for."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from seqchurn.datasets.codebook import Codebook
from seqchurn.datasets.facts import DataFacts
from seqchurn.prediction import ScoreOptions
from seqchurn.training.fitted_model import FittedModel, make_model
from seqchurn.waits.clock import Clock

__all__ = ["read_bundle"]


def read_bundle(folder: Path) -> tuple[FittedModel, ScoreOptions]:
    """The model, and what its score table says."""
    plain = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    weights = torch.load(folder / "weights.pt", weights_only=True)
    lists = ("categories", "static_categories")
    facts = DataFacts(**{**plain["facts"], **{n: tuple(plain["facts"][n]) for n in lists}})
    parts = {name: plain["config"][name] for name in ("encoder", "head", "activity")}
    networks = tuple(make_model(facts, **parts).eval() for _ in weights)
    for network, state in zip(networks, weights, strict=True):
        network.load_state_dict(state)
    model = FittedModel(
        networks=networks,
        codebook=Codebook.from_dict(plain["codebook"]),
        facts=facts,
        clock=Clock(**plain["clock"]),
        target=plain["target"],
        max_events=plain["max_events"],
    )
    return model, ScoreOptions(**plain["scores"])
