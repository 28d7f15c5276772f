"""Runs and models -> MLflow and back; nothing else here knows MLflow."""

from __future__ import annotations

from seqchurn.tracking.bundle import Bundle, load_bundle, save_bundle
from seqchurn.tracking.champions import contender, promote, record, roll_back, rolled_back_at
from seqchurn.tracking.loaded_model import LoadedModel, load_model
from seqchurn.tracking.registry import (
    CHALLENGER,
    CHAMPION,
    RegisteredModel,
    TrainedModel,
    bearer,
    challenge_by_fit,
    find_model,
    models_trained_on,
    open_model,
    register,
)
from seqchurn.tracking.runs import (
    Run,
    connect,
    log_to_run,
    remove_from_runs,
    start_run,
    store_place,
)
from seqchurn.tracking.version_record import (
    EVALUATED_BY,
    VersionRecord,
    keep_card,
    read_record,
)

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "EVALUATED_BY",
    "Bundle",
    "LoadedModel",
    "RegisteredModel",
    "Run",
    "TrainedModel",
    "VersionRecord",
    "bearer",
    "challenge_by_fit",
    "connect",
    "contender",
    "find_model",
    "keep_card",
    "load_bundle",
    "log_to_run",
    "load_model",
    "models_trained_on",
    "open_model",
    "promote",
    "read_record",
    "record",
    "register",
    "remove_from_runs",
    "roll_back",
    "rolled_back_at",
    "save_bundle",
    "start_run",
    "store_place",
]
