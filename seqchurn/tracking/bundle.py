"""A fitted model <-> a folder: weights as plain state dicts, everything else as JSON.

Nothing is pickled but tensors, and these are read with `weights_only`, so that a bundle cannot
run code.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from seqchurn.datasets.codebook import Codebook
from seqchurn.datasets.facts import DataFacts
from seqchurn.errors import ModelError
from seqchurn.prediction import ScoreOptions
from seqchurn.training.fitted_model import FittedModel, make_model
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.clock import Clock

__all__ = ["BUNDLE_VERSION", "Bundle", "load_bundle", "save_bundle"]

BUNDLE_VERSION = 3
"""Raised whenever the files of a bundle change."""

_WEIGHTS, _DESCRIPTION = "weights.pt", "bundle.json"
_AGAIN = "Run seqchurn train again."


@dataclass(frozen=True)
class Bundle:
    """A fitted model with what scoring and the record need."""

    model: FittedModel
    scores: ScoreOptions
    """What the score table says."""
    config: dict[str, Any]
    """The resolved config of the training run, as plain values."""
    training_cutoff: str
    """First instant the model has not seen, ISO 8601 with offset."""
    model_name: str
    run_id: str


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write a bundle into a folder that does not exist yet."""
    folder.mkdir(parents=True)
    model = bundle.model
    torch.save([network.state_dict() for network in model.networks], folder / _WEIGHTS)
    description = {
        "schema_version": BUNDLE_VERSION,
        "model_name": bundle.model_name,
        "run_id": bundle.run_id,
        "training_cutoff": bundle.training_cutoff,
        "target": model.target,
        "max_events": model.max_events,
        "clock": asdict(model.clock),
        "facts": asdict(model.facts),
        "codebook": model.codebook.to_dict(),
        "scores": asdict(bundle.scores),
        "config": bundle.config,
    }
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (folder / _DESCRIPTION).write_text(text, encoding="utf-8")


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle.

    Raises:
        ModelError: If there is none, or one of another version of the program.
    """
    try:
        plain = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        weights = torch.load(folder / _WEIGHTS, weights_only=True, map_location="cpu")
    except FileNotFoundError as error:
        raise ModelError(f"{folder} holds no model bundle: no {error.filename}. {_AGAIN}") from None
    except (OSError, ValueError, EOFError, RuntimeError, pickle.UnpicklingError):
        raise ModelError(
            f"the model bundle in {folder} is damaged: expected JSON and plain tensors. {_AGAIN}"
        ) from None
    if (version := plain.get("schema_version")) != BUNDLE_VERSION:
        raise ModelError(
            f"the model in {folder} has schema version {version}, this program reads version "
            f"{BUNDLE_VERSION}. {_AGAIN}"
        )
    if not weights:
        raise ModelError(f"the model bundle in {folder} holds no network. {_AGAIN}")
    try:
        return _bundle(plain, weights)
    except (KeyError, TypeError, RuntimeError) as error:  # of load_state_dict, too
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"the model bundle in {folder} does not fit together ({reason}). {_AGAIN}"
        ) from None


def _bundle(plain: dict[str, Any], weights: list[dict[str, torch.Tensor]]) -> Bundle:
    facts, config = _facts(plain["facts"]), plain["config"]
    parts = {name: config[name] for name in ("encoder", "head", "activity")}
    return Bundle(
        model=FittedModel(
            networks=tuple(_network(facts, parts, state) for state in weights),
            codebook=Codebook.from_dict(plain["codebook"]),
            facts=facts,
            clock=Clock(**plain["clock"]),
            target=plain["target"],
            max_events=plain["max_events"],
        ),
        scores=ScoreOptions(**plain["scores"]),
        config=config,
        training_cutoff=plain["training_cutoff"],
        model_name=plain["model_name"],
        run_id=plain["run_id"],
    )


def _network(facts: DataFacts, parts: dict[str, Any], state: dict[str, torch.Tensor]) -> WaitModel:
    network = make_model(facts, **parts)
    network.load_state_dict(state)
    return network.eval()


def _facts(plain: dict[str, Any]) -> DataFacts:
    lists = ("categories", "static_categories")
    return DataFacts(**{**plain, **{name: tuple(plain[name]) for name in lists}})
