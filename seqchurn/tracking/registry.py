"""A bundle -> a registered model version; names and aliases -> a version; who was seen by which."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

import seqchurn
from seqchurn.errors import ModelError
from seqchurn.prediction import score_columns
from seqchurn.schema import CUSTOMER_ID, EVENT_ID, EVENT_TYPE, KNOWN_FROM, TIMESTAMP
from seqchurn.tracking.bundle import Bundle, load_bundle, save_bundle
from seqchurn.tracking.runs import explained

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "RegisteredModel",
    "TrainedModel",
    "bearer",
    "challenge_by_fit",
    "find_model",
    "models_trained_on",
    "open_model",
    "register",
    "without_chatter",
]

CHAMPION = "champion"
"""Alias of the version that scores."""
CHALLENGER = "challenger"
"""Alias of the version that was trained last."""

_BUNDLE, _FIT = "bundle", "seqchurn.fit"
_DESCRIPTION = f"artifacts/{_BUNDLE}/bundle.json"
_NO_SUCH = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_SCRIPT = Path(__file__).with_name("pyfunc_script.py")
_TYPES = {
    "String": DataType.string,
    "Datetime": DataType.datetime,
    "Float64": DataType.double,
}


@dataclass(frozen=True)
class RegisteredModel:
    """A version of a registered model."""

    name: str
    version: str
    run_id: str

    @property
    def uri(self) -> str:
        """MLflow URI."""
        return f"models:/{self.name}/{self.version}"

    @property
    def facts(self) -> dict[str, str]:
        """As score tables name it."""
        return {"model_name": self.name, "model_version": self.version, "run_id": self.run_id}


@dataclass(frozen=True)
class TrainedModel:
    """A registered version, and until when it has seen what happened."""

    model: RegisteredModel
    training_cutoff: datetime | None
    """First instant that it has not seen; None: its bundle cannot be read."""
    champion: bool


def register(bundle: Bundle, *, fit: str = "") -> RegisteredModel:
    """Log a bundle as an MLflow model of the active run; its new version is the challenger.

    Args:
        bundle: The model.
        fit: What the model depends on, in short: `challenge_by_fit` finds it by that.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / _BUNDLE
        save_bundle(bundle, folder)
        with without_chatter():
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(_SCRIPT),
                artifacts={_BUNDLE: str(folder)},
                signature=_signature(bundle),
                pip_requirements=[f"seqchurn=={seqchurn.__version__}"],
            )
            tags = {_FIT: fit}
            version = mlflow.register_model(info.model_uri, bundle.model_name, tags=tags)
    return _challenge(_registered(version))


def challenge_by_fit(name: str, fit: str) -> RegisteredModel | None:
    """Make the version that a fit has ended in the challenger; None if there is none.

    Args:
        name: Registered model.
        fit: As `register` was told.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    with explained():
        versions = mlflow.MlflowClient().search_model_versions(f"name = '{name}'")
        found = [version for version in versions if version.tags.get(_FIT) == fit]
        if not found:
            return None
        return _challenge(_registered(max(found, key=lambda v: int(v.version))))


def _challenge(model: RegisteredModel) -> RegisteredModel:
    mlflow.MlflowClient().set_registered_model_alias(model.name, CHALLENGER, model.version)
    return model


def find_model(name: str, wanted: str | None) -> RegisteredModel:
    """A version of a registered model.

    Args:
        name: Registered model.
        wanted: A version number, an alias such as champion, or None for the newest version.

    Raises:
        ModelError: If there is no such model, version or alias.
        EnvironmentFailure: If the MLflow store refuses.
    """
    client = mlflow.MlflowClient()
    with explained():
        versions = client.search_model_versions(f"name = '{name}'")
        if not versions:
            raise ModelError(f"no model {name} is registered. Run seqchurn train.")
        newest = max(versions, key=lambda v: int(v.version))
        try:
            if wanted is None or wanted.isdecimal():
                return _registered(client.get_model_version(name, wanted or newest.version))
            return _registered(client.get_model_version_by_alias(name, wanted))
        except MlflowException as error:
            if error.error_code not in _NO_SUCH:
                raise
            raise ModelError(_missing(versions, name, wanted)) from error


def bearer(name: str, alias: str) -> RegisteredModel | None:
    """The version of a model that bears an alias; None if there is none, or no such model.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    with explained():
        try:
            return _registered(mlflow.MlflowClient().get_model_version_by_alias(name, alias))
        except MlflowException as error:
            if error.error_code not in _NO_SUCH:
                raise
            return None


def open_model(model: RegisteredModel) -> Bundle:
    """The bundle of a registered model.

    Raises:
        ModelError: If it is of another version of the program, or damaged.
        EnvironmentFailure: If the MLflow store refuses.
    """
    with explained(), without_chatter():
        folder = mlflow.artifacts.download_artifacts(model.uri)
    return load_bundle(Path(folder) / "artifacts" / _BUNDLE)


def models_trained_on(dataset: str, moment: datetime, *, name: str) -> list[TrainedModel]:
    """Registered versions, under whatever name, that learned from what happened at a moment.

    Args:
        dataset: Name of the config that they were trained with.
        moment: An instant, aware.
        name: Registered model of that config: a version of it counts, too, if its bundle cannot
            be read, for nobody knows what it has seen.

    Returns:
        By name and version, the oldest first.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    with explained():
        versions = mlflow.MlflowClient().search_model_versions()
        told = [(_registered(version), _description(version)) for version in versions]
        cutoffs = {
            model: datetime.fromisoformat(description["training_cutoff"]) if description else None
            for model, description in told
            if (description["config"]["name"] == dataset if description else model.name == name)
        }
        seen = [model for model, cutoff in cutoffs.items() if cutoff is None or moment < cutoff]
        champions = {model.name: bearer(model.name, CHAMPION) for model in seen}
    seen.sort(key=lambda model: (model.name, int(model.version)))
    return [TrainedModel(model, cutoffs[model], model == champions[model.name]) for model in seen]


@contextmanager
def without_chatter() -> Iterator[None]:
    """Keep what MLflow prints, beside its log, out of ours; errors are exceptions all the same."""
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.filterwarnings("ignore", message=".*An input example was not provided")
        yield


def _registered(version: ModelVersion) -> RegisteredModel:
    return RegisteredModel(version.name, str(version.version), version.run_id or "")


def _description(version: ModelVersion) -> dict[str, Any] | None:
    """What the bundle of a version says of it; None if there is none that can be read."""
    file = f"{_registered(version).uri}/{_DESCRIPTION}"
    try:
        with without_chatter():
            return dict(mlflow.artifacts.load_dict(file))
    except (MlflowException, OSError):
        return None


def _missing(versions: Sequence[ModelVersion], name: str, wanted: str | None) -> str:
    there = ", ".join(sorted((str(v.version) for v in versions), key=int))
    remedy = "Run seqchurn promote." if wanted == CHAMPION else "Choose one of these."
    return f"model {name} has no version or alias {wanted}; there are versions {there}. {remedy}"


def _signature(bundle: Bundle) -> ModelSignature:
    """Events in, scores out, `as_of` as a parameter; attributes may be missing."""
    codebook = bundle.model.codebook
    needed = {
        CUSTOMER_ID: "string",
        TIMESTAMP: "datetime",
        EVENT_TYPE: "string",
        EVENT_ID: "string",
    }
    columns: list[ColSpec | TensorSpec] = [
        ColSpec(DataType[dtype], name) for name, dtype in needed.items()
    ]
    numbers = [*codebook.numbers, *codebook.static_numbers]
    categories = [*codebook.categories, *codebook.static_categories]
    columns += [ColSpec(DataType.float, n, required=False) for n in numbers]
    columns += [ColSpec(DataType.string, n, required=False) for n in categories]
    columns.append(ColSpec(DataType.datetime, KNOWN_FROM, required=False))
    scores = score_columns(list(bundle.scores.horizons))
    return ModelSignature(
        inputs=Schema(columns),
        outputs=Schema([ColSpec(_TYPES[dtype], name) for name, dtype in scores.items()]),
        params=ParamSchema([ParamSpec("as_of", DataType.string, "")]),
    )
