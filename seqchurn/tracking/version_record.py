"""What MLflow keeps of a registered version -> facts for its model card; the card, back to it."""

from __future__ import annotations

import json
import logging
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from seqchurn.tracking.registry import RegisteredModel, without_chatter
from seqchurn.tracking.runs import explained

__all__ = ["EVALUATED_BY", "VersionRecord", "keep_card", "read_card", "read_record"]

_log = logging.getLogger(__name__)

EVALUATED_BY = "evaluation_run"
"""Name of the fact (see `record`) that holds the run of the newest evaluation of a version."""

_CARD = "model_card.md"
_TABLES = ("evaluation", "differences")
_LONGEST_DESCRIPTION = 5_000  # MLflow's own limit, in databases that hold to it
_PREFIX = "seqchurn."


@dataclass(frozen=True)
class VersionRecord:
    """What is known of a version by now."""

    registered_at: datetime
    metrics: dict[str, float]
    """Of the run that trained it, the last value of each."""
    run_tags: dict[str, str]
    """Of that run, those of this program, without its prefix."""
    tags: dict[str, str]
    """Of the version, likewise; decisions are among them."""
    evaluation: dict[str, list[dict[str, Any]]]
    """Rows of the newest evaluation, named `evaluation` and `differences`; empty: there is none."""


def read_record(model: RegisteredModel) -> VersionRecord:
    """Read what is known of a version.

    Raises:
        EnvironmentFailure: If the MLflow store refuses, as when the run was removed for good.
    """
    client = mlflow.MlflowClient()
    with explained():
        version = client.get_model_version(model.name, model.version)
        run, tags = client.get_run(model.run_id), _ours(version.tags)
    return VersionRecord(
        registered_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        metrics=dict(run.data.metrics),
        run_tags=_ours(run.data.tags),
        tags=tags,
        evaluation=_evaluation(tags[EVALUATED_BY]) if EVALUATED_BY in tags else {},
    )


def keep_card(model: RegisteredModel, card: str, *, summary: str) -> None:
    """Put a card with the run that trained a version, in the place of an earlier one.

    Args:
        model: The version.
        card: The whole card.
        summary: What MLflow shows as the description of the version, unless somebody has written
            another; begins with the same words in every card.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    client = mlflow.MlflowClient()
    with explained(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / _CARD
        file.write_text(card, encoding="utf-8")
        files = _files(mlflow.get_tracking_uri(), model.run_id)
        files.log_artifact(str(file))  # type: ignore[no-untyped-call]
        there = client.get_model_version(model.name, model.version).description
        if not there or there.split(":")[0] == summary.split(":")[0]:
            shown = summary[:_LONGEST_DESCRIPTION]
            client.update_model_version(model.name, model.version, description=shown)


def read_card(model: RegisteredModel, place: str) -> str:
    """The card of a version.

    Args:
        model: The version.
        place: MLflow URI of the store that has it.

    Raises:
        EnvironmentFailure: If the MLflow store refuses, or has no card of it.
    """
    with explained(), without_chatter(), tempfile.TemporaryDirectory() as folder:
        return _text(_files(place, model.run_id), _CARD, folder)


def _evaluation(run_id: str) -> dict[str, list[dict[str, Any]]]:
    """Tables of an evaluation; none, and a warning, where they cannot be read any more."""
    try:
        with without_chatter(), tempfile.TemporaryDirectory() as folder:
            files = _files(mlflow.get_tracking_uri(), run_id)
            return {name: json.loads(_text(files, f"{name}.json", folder)) for name in _TABLES}
    except (MlflowException, OSError, ValueError) as error:
        _log.warning("the tables of evaluation run %s cannot be read: %s", run_id, error)
        return {}


def _files(place: str, run_id: str) -> ArtifactRepository:
    """Where the files of a run lie; not by a client, which remembers that of other stores."""
    return get_artifact_repository(mlflow.MlflowClient(place).get_run(run_id).info.artifact_uri)


def _text(files: ArtifactRepository, name: str, folder: str) -> str:
    there = files.download_artifacts(name, folder)  # type: ignore[no-untyped-call]
    return Path(there).read_text(encoding="utf-8")


def _ours(tags: dict[str, str]) -> dict[str, str]:
    return {n.removeprefix(_PREFIX): v for n, v in tags.items() if n.startswith(_PREFIX)}
