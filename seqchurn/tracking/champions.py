"""A version of a registered model -> champion, or back: aliases and tags of MLflow.

The alias says who the champion is; a tag of the registered model lists who was, in order, so that
one can step back; tags of a version say what was decided about it. A promotion writes the alias
last, a step back before it shortens the list: whatever is cut off, the list holds the champions up
to the one that the alias names, and what stands behind that one is skipped.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

import mlflow

from seqchurn.errors import EnvironmentFailure, ModelError
from seqchurn.tracking.registry import CHALLENGER, CHAMPION, RegisteredModel, bearer, find_model
from seqchurn.tracking.runs import explained

__all__ = ["contender", "promote", "record", "roll_back", "rolled_back_at"]

_log = logging.getLogger(__name__)

_LIST = "seqchurn.champions"
_ROLLED_BACK = "rolled_back_at"
_LONGEST_LIST = 100


def contender(name: str, wanted: str | None) -> RegisteredModel:
    """The version that asks to become the champion.

    Args:
        name: Registered model.
        wanted: A version number or an alias; None for the challenger, or the newest version of
            a store without one.

    Raises:
        ModelError: If there is no such model, version or alias.
        EnvironmentFailure: If the MLflow store refuses.
    """
    challenger = None if wanted else bearer(name, CHALLENGER)
    return challenger or find_model(name, wanted)


def record(model: RegisteredModel, facts: Mapping[str, str]) -> None:
    """Note facts about a version as tags `seqchurn.NAME`, in the place of earlier ones.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    client = mlflow.MlflowClient()
    with explained():
        for name, value in facts.items():
            client.set_model_version_tag(model.name, model.version, f"seqchurn.{name}", value)


def rolled_back_at(model: RegisteredModel) -> str | None:
    """When a version was last taken back from being the champion; None if it never was.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    with explained():
        tags = mlflow.MlflowClient().get_model_version(model.name, model.version).tags
    found = tags.get(f"seqchurn.{_ROLLED_BACK}")
    return None if found is None else str(found)


def promote(model: RegisteredModel, facts: Mapping[str, str] | None = None) -> None:
    """Make a version the champion: the one that scores.

    Args:
        model: The version.
        facts: What is noted about it, see `record`.

    Raises:
        EnvironmentFailure: If the MLflow store refuses.
    """
    record(model, facts or {})
    with explained():
        _write_list(model.name, [*_champions(model.name), model.version])
        mlflow.MlflowClient().set_registered_model_alias(model.name, CHAMPION, model.version)


def roll_back(champion: RegisteredModel) -> RegisteredModel:
    """Make the champion before the present one the champion again.

    Args:
        champion: The present one, which is noted to have stepped down.

    Returns:
        The one that is back.

    Raises:
        ModelError: If there was none before, or its version has been deleted.
        EnvironmentFailure: If the MLflow store refuses.
    """
    name = champion.name
    with explained():
        champions = _champions(name)
        if len(champions) < 2:
            raise ModelError(
                f"there was no champion before {champion.uri}. Choose a version with seqchurn "
                "promote --model_version."
            )
        back = find_model(name, champions[-2])
        record(champion, {_ROLLED_BACK: datetime.now(UTC).isoformat(timespec="seconds")})
        mlflow.MlflowClient().set_registered_model_alias(name, CHAMPION, back.version)
    try:  # it is done: to say it failed would have somebody step back once more
        with explained():
            _write_list(name, champions[:-1])
    except EnvironmentFailure as failure:
        _log.warning("the list of champions keeps version %s: %s", champion.version, failure)
    return back


def _champions(name: str) -> list[str]:
    """Versions that were champion and that one can step back to, the present one last."""
    model = mlflow.MlflowClient().get_registered_model(name)
    if CHAMPION not in model.aliases:
        return []
    champion = str(model.aliases[CHAMPION])
    noted = model.tags.get(_LIST, "").split()
    while noted and noted[-1] != champion:  # a step that was cut off
        noted.pop()
    return noted or [champion]


def _write_list(name: str, champions: list[str]) -> None:
    versions = " ".join(champions[-_LONGEST_LIST:])
    mlflow.MlflowClient().set_registered_model_tag(name, _LIST, versions)
