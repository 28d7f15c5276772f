"""Runs and models -> MLflow and back; nothing else here knows MLflow."""

from __future__ import annotations

from seqchurn.tracking.bundle import Bundle, load_bundle, save_bundle
from seqchurn.tracking.loaded_model import LoadedModel, load_model
from seqchurn.tracking.registry import (
    CHAMPION,
    RegisteredModel,
    TrainedModel,
    find_model,
    models_trained_on,
    open_model,
    promote,
    register,
)
from seqchurn.tracking.runs import Run, connect, start_run, store_place

__all__ = [
    "CHAMPION",
    "Bundle",
    "LoadedModel",
    "RegisteredModel",
    "Run",
    "TrainedModel",
    "connect",
    "find_model",
    "load_bundle",
    "load_model",
    "models_trained_on",
    "open_model",
    "promote",
    "register",
    "save_bundle",
    "start_run",
    "store_place",
]
