"""A training or evaluation -> an MLflow run: config, data, metrics by epoch, files, code.

The store is a sqlite file and an artifact folder inside the configured store, wherever a command
is started from; MLFLOW_TRACKING_URI wins when it is set.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.git_utils import get_git_commit
from sqlalchemy.exc import SQLAlchemyError

import seqchurn
from seqchurn.config.database_uri import secrets_of, without_credentials
from seqchurn.errors import ConfigError, EnvironmentFailure, ModelError
from seqchurn.files import locked

__all__ = [
    "Run",
    "connect",
    "explained",
    "log_to_run",
    "remove_from_runs",
    "start_run",
    "store_place",
]

_LONGEST_VALUE = 6_000  # MLflow's own limit
_LONGEST_REASON = 500
_WAIT_SECONDS = 60.0
_NOT_IN_URIS = "%?#"
_SERVER = "MLFLOW_TRACKING_URI"
_REGISTRY = "MLFLOW_REGISTRY_URI"


@dataclass(frozen=True)
class Run:
    """A running MLflow run."""

    run_id: str

    def log_metrics(self, metrics: dict[str, float], *, step: int = 0) -> None:
        """Log metrics in one request."""
        now = int(1000 * time.time())
        batch = [Metric(name, value, now, step) for name, value in metrics.items()]
        mlflow.MlflowClient().log_batch(self.run_id, metrics=batch)

    def log_tags(self, tags: dict[str, str]) -> None:
        """Add facts to find the run by."""
        for name, value in tags.items():
            mlflow.MlflowClient().set_tag(self.run_id, name, value)

    def log_file(self, path: Path) -> None:
        """Keep a file with the run."""
        mlflow.log_artifact(str(path))

    def log_text(self, text: str, name: str) -> None:
        """Keep a text with the run, as a file of this name."""
        mlflow.log_text(text, name)


def log_to_run(run_id: str, path: Path) -> None:
    """Keep a file with a run that has ended.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    with explained():
        mlflow.MlflowClient().log_artifact(run_id, str(path))


def remove_from_runs(experiment: str, name: str) -> int:
    """Remove a file from all runs of an experiment that keep it; how many these are.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    client, count = mlflow.MlflowClient(), 0
    with explained():
        found = client.get_experiment_by_name(experiment)
        runs = mlflow.search_runs([found.experiment_id], output_format="list") if found else []
        for run in runs:
            if any(kept.path == name for kept in client.list_artifacts(run.info.run_id)):
                place = get_artifact_repository(run.info.artifact_uri)
                place.delete_artifacts(name)  # type: ignore[no-untyped-call]
                count += 1
    return count


def store_place(store: Path) -> str:
    """Where runs and models are kept, as an MLflow URI without credentials."""
    return _shown(_place(store))


def _shown(place: str) -> str:
    """A place without credentials; a file has none, and may have an @ in its name."""
    return place if place.startswith("sqlite:") else without_credentials(place)


def _place(store: Path) -> str:
    return os.environ.get(_SERVER) or f"sqlite:///{store / 'mlflow' / 'mlflow.db'}"


def connect(store: Path, *, make: bool = False) -> None:
    """Use the MLflow store of a configured folder, or the server in MLFLOW_TRACKING_URI.

    Args:
        store: The configured store.
        make: Whether to make an MLflow store where there is none.

    Raises:
        ConfigError: If the name of the folder cannot be part of an MLflow URI.
        EnvironmentFailure: If the MLflow store refuses.
        LockedError: If another run makes the MLflow store, and does not end.
        ModelError: If there is none and none is to be made.
    """
    place = _place(store)
    if os.environ.get(_SERVER):
        _use(place)
        return
    folder = store / "mlflow"
    if found := next((c for c in str(store) if c in _NOT_IN_URIS), None):
        raise ConfigError(
            f"store is {store}; the '{found}' cannot be part of an MLflow URI. Give the store a "
            "folder without it."
        )
    if not make and not (folder / "mlflow.db").exists():
        raise ModelError(f"no model was registered in {folder}. Run seqchurn train.")
    folder.mkdir(parents=True, exist_ok=True)
    busy = f"another run makes the MLflow store {folder}. Wait until it has ended."
    with locked(folder / ".lock", busy, wait_seconds=_WAIT_SECONDS), explained():
        _use(place)
        os.environ.pop(_SERVER, None)  # as the other below: it would win over the next store
        client = mlflow.MlflowClient()  # makes the tables, where there are none, at the first use
        client.search_experiments(max_results=1)
        client.search_registered_models(max_results=1)


def _use(place: str) -> None:
    mlflow.set_tracking_uri(place)
    mlflow.set_registry_uri(place)
    os.environ.pop(_REGISTRY, None)  # MLflow has set it: processes started here would inherit it


@contextmanager
def explained() -> Iterator[None]:
    """Turn what MLflow complains about into a message that says what to do.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        text = error.message if isinstance(error, MlflowException) else error
        place, reason = mlflow.get_tracking_uri(), str(text).partition("\n")[0]
        for secret in secrets_of(place):
            reason = reason.replace(secret, "***")
        raise EnvironmentFailure(
            f"the MLflow store {_shown(place)} refused: "
            f"{reason[:_LONGEST_REASON].rstrip('.')}. Check that it can be reached, then run it "
            "again."
        ) from error


@contextmanager
def start_run(
    store: Path,
    experiment: str,
    *,
    kind: str,
    config: dict[str, Any],
    tags: dict[str, str],
    parent: Run | None = None,
) -> Iterator[Run]:
    """Record what happens inside the `with` block as a run.

    Args:
        store: The configured store.
        experiment: Name of the experiment; made when there is none.
        kind: What the run does, as train.
        config: The resolved config, as plain values.
        tags: Facts to find the run by.
        parent: The run that this one is a part of, if it is one; it goes on afterwards.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    commit = get_git_commit(str(Path(seqchurn.__file__).parent))
    known = {"seqchurn.kind": kind, "seqchurn.version": seqchurn.__version__, **tags}
    if commit:
        known["mlflow.source.git.commit"] = commit
    with explained():
        connect(store, make=True)
        experiment_id = _experiment(store, experiment)
        with mlflow.start_run(
            experiment_id=experiment_id,
            run_name=kind,
            tags=known,
            nested=parent is not None,
            parent_run_id=parent.run_id if parent else None,
        ) as active:
            mlflow.log_params(dict(_flat(config)))
            yield Run(active.info.run_id)


def _experiment(store: Path, name: str) -> str:
    existing = mlflow.get_experiment_by_name(name)
    if existing is not None:
        return str(existing.experiment_id)
    local = store_place(store).startswith("sqlite:")
    place = (store / "mlflow" / "artifacts").as_uri() if local else None
    try:
        return mlflow.create_experiment(name, artifact_location=place)
    except MlflowException as error:  # another run was faster
        made = mlflow.get_experiment_by_name(name)
        if error.error_code != "RESOURCE_ALREADY_EXISTS" or made is None:
            raise
        return str(made.experiment_id)


def _flat(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and texts of all values; lists as JSON, cut where MLflow would refuse."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            text = json.dumps(value) if isinstance(value, list) else str(value)
            yield f"{prefix}{key}", text[:_LONGEST_VALUE]
