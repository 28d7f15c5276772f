"""Who is champion, who was before: aliases and tags of a registry of versions without content."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import mlflow
import pytest

from seqchurn.errors import EnvironmentFailure, ModelError
from seqchurn.tracking import (
    CHALLENGER,
    CHAMPION,
    RegisteredModel,
    bearer,
    connect,
    contender,
    find_model,
    promote,
    record,
    roll_back,
    rolled_back_at,
)

Versions = dict[str, RegisteredModel]


@pytest.fixture
def versions(empty_mlflow: Path, tmp_path: Path) -> Versions:
    """Four versions of a model, and none of them the champion."""
    shutil.copytree(empty_mlflow, tmp_path / "mlflow")
    connect(tmp_path)
    client = mlflow.MlflowClient()
    client.create_registered_model("shop")
    for _ in range(4):
        client.create_model_version("shop", source=str(tmp_path))
    return {number: find_model("shop", number) for number in "1234"}


def champion() -> str | None:
    found = bearer("shop", CHAMPION)
    return found.version if found else None


def tags(version: str) -> dict[str, Any]:
    return dict(mlflow.MlflowClient().get_model_version("shop", version).tags)


def step_back() -> str:
    found = bearer("shop", CHAMPION)
    assert found is not None
    return roll_back(found).version


def cut_off(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Let the next call of a method of MLflow's client be the moment at which a run is killed."""

    def killed(*_: object, **__: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow.MlflowClient, method, killed)


def test_who_asks_is_the_one_that_is_wanted_else_the_challenger_else_the_newest(
    versions: Versions,
) -> None:
    assert contender("shop", None) == versions["4"]
    mlflow.MlflowClient().set_registered_model_alias("shop", CHALLENGER, "3")
    assert contender("shop", None) == versions["3"]
    assert contender("shop", "1") == versions["1"]
    with pytest.raises(ModelError, match="model shop has no version or alias 9; there are"):
        contender("shop", "9")
    with pytest.raises(ModelError, match="no model barn is registered"):
        contender("barn", None)


def test_a_promotion_is_recorded_with_the_version(versions: Versions) -> None:
    promote(versions["2"], {"decision": "promoted", "reason": "-"})
    assert champion() == "2"
    assert tags("2") == {"seqchurn.decision": "promoted", "seqchurn.reason": "-"}
    record(versions["2"], {"reason": "the other one broke"})
    assert tags("2")["seqchurn.reason"] == "the other one broke"


def test_one_steps_back_as_often_as_there_were_champions(versions: Versions) -> None:
    for number in ("1", "3", "4"):
        promote(versions[number])
    assert [step_back(), step_back()] == ["3", "1"]
    with pytest.raises(ModelError, match=r"no champion before models:/shop/1\. Choose a version"):
        step_back()
    assert champion() == "1"
    assert [rolled_back_at(versions[n]) is None for n in "1234"] == [True, True, False, False]


def test_after_a_step_back_the_next_champion_follows_the_one_that_is_back(
    versions: Versions,
) -> None:
    for number in ("1", "2"):
        promote(versions[number])
    step_back()
    promote(versions["3"])
    assert step_back() == "1"


def test_a_version_may_be_champion_twice(versions: Versions) -> None:
    for number in ("1", "2", "1"):
        promote(versions[number])
    assert [step_back(), step_back()] == ["2", "1"]
    with pytest.raises(ModelError, match="no champion before"):
        step_back()


def test_a_champion_of_a_store_without_a_list_is_stepped_back_to(versions: Versions) -> None:
    mlflow.MlflowClient().set_registered_model_alias("shop", CHAMPION, "2")
    promote(versions["3"])
    assert step_back() == "2"


@pytest.mark.parametrize("method", ["set_model_version_tag", "set_registered_model_alias"])
@pytest.mark.parametrize("number", ["1", "3"])
def test_a_promotion_that_is_cut_off_leaves_the_old_champion_and_its_past(
    number: str, method: str, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for before in ("1", "2"):
        promote(versions[before])
    cut_off(monkeypatch, method)
    with pytest.raises(KeyboardInterrupt):
        promote(versions[number], {"decision": "promoted"})
    assert champion() == "2"
    assert step_back() == "1"


@pytest.mark.parametrize("method", ["set_registered_model_alias", "set_registered_model_tag"])
def test_a_step_back_that_is_cut_off_is_done_or_not(
    method: str, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("1", "2", "1", "3"):
        promote(versions[number])
    cut_off(monkeypatch, method)
    with pytest.raises(KeyboardInterrupt):
        step_back()
    rest = ["1", "2", "1"] if champion() == "3" else ["2", "1"]
    assert [step_back() for _ in rest] == rest
    with pytest.raises(ModelError, match="no champion before"):
        step_back()


def test_a_step_back_whose_list_cannot_be_written_is_done_and_warned_of(
    versions: Versions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error would have somebody run it again, and step back once more."""
    for number in ("1", "2", "3"):
        promote(versions[number])

    def refuse(*_: object, **__: object) -> None:
        raise mlflow.MlflowException("no space left")

    monkeypatch.setattr(mlflow.MlflowClient, "set_registered_model_tag", refuse)
    assert step_back() == "2"
    assert "the list of champions keeps version 3" in caplog.text
    assert champion() == "2"


def test_a_registry_that_refuses_is_a_failure_of_the_environment(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise mlflow.MlflowException("no space left")

    monkeypatch.setattr(mlflow.MlflowClient, "get_model_version_by_alias", refuse)
    with pytest.raises(EnvironmentFailure, match=r"refused: no space left\. Check that"):
        contender("shop", None)
    monkeypatch.setattr(mlflow.MlflowClient, "set_registered_model_alias", refuse)
    with pytest.raises(EnvironmentFailure, match=r"refused: no space left\. Check that"):
        promote(versions["1"])
