"""What MLflow keeps of a registered version -> facts for its model card; the card, back to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import mlflow

from seqchurn.tracking.registry import RegisteredModel, without_chatter
from seqchurn.tracking.runs import explained

__all__ = ["MODEL_CARD", "VersionRecord", "keep_card", "read_record"]

MODEL_CARD = "model_card.md"
"""Name of the card among the files of the run that trained a version."""

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
        EnvironmentFailure: If the MLflow store refuses, as when the run has been deleted.
    """
    client = mlflow.MlflowClient()
    with explained():
        version = client.get_model_version(model.name, model.version)
        run = client.get_run(model.run_id)
        found = mlflow.search_runs(
            search_all_experiments=True,
            filter_string=f"tags.`{_PREFIX}model` = '{model.uri}' "
            f"and tags.`{_PREFIX}kind` = 'evaluate' and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
            output_format="list",
        )
        evaluation = _tables(found[0].info.run_id) if found else {}
    return VersionRecord(
        registered_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        metrics=dict(run.data.metrics),
        run_tags=_ours(run.data.tags),
        tags=_ours(version.tags),
        evaluation=evaluation,
    )


def keep_card(model: RegisteredModel, card: str, *, summary: str) -> None:
    """Put a card with the run that trained a version, in the place of an earlier one.

    Args:
        model: The version.
        card: The whole card.
        summary: What MLflow shows as the description of the version.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    client = mlflow.MlflowClient()
    with explained():
        client.log_text(model.run_id, card, MODEL_CARD)
        shown = summary[:_LONGEST_DESCRIPTION]
        client.update_model_version(model.name, model.version, description=shown)


def _tables(run_id: str) -> dict[str, list[dict[str, Any]]]:
    names = ("evaluation", "differences")
    with without_chatter():
        texts = {name: mlflow.artifacts.load_text(f"runs:/{run_id}/{name}.json") for name in names}
    return {name: json.loads(text) for name, text in texts.items()}


def _ours(tags: dict[str, str]) -> dict[str, str]:
    return {n.removeprefix(_PREFIX): v for n, v in tags.items() if n.startswith(_PREFIX)}
