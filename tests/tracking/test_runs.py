from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from mlflow.entities import Run

import seqchurn
from seqchurn.baselines import BASELINES
from seqchurn.errors import ConfigError, EnvironmentFailure, LockedError
from seqchurn.files import locked
from seqchurn.tracking import connect, start_run, store_place
from seqchurn.tracking import runs as module
from tests.shop import CUTOFF, Opened, Shop


def runs_of(store: Path, experiment: str = "shop") -> list[Run]:
    """All runs of an experiment, newest first."""
    client = mlflow.MlflowClient(f"sqlite:///{store}/mlflow/mlflow.db")
    found = client.get_experiment_by_name(experiment)
    return client.search_runs([found.experiment_id]) if found else []


@pytest.fixture(scope="module")
def runs(whole_way: Opened) -> dict[str, Run]:
    return {run.data.tags["seqchurn.kind"]: run for run in runs_of(whole_way.store)}


def files_of(run: Run) -> list[str]:
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_training_and_evaluation_are_runs_that_finished(runs: dict[str, Run]) -> None:
    assert sorted(runs) == ["evaluate", "train"]
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


@pytest.mark.parametrize("kind", ["train", "evaluate"])
def test_a_run_says_which_code_and_data_it_came_from(
    kind: str, runs: dict[str, Run], whole_way: Opened
) -> None:
    tags = runs[kind].data.tags
    assert tags["seqchurn.version"] == seqchurn.__version__
    assert tags["seqchurn.dataset"] == "shop"
    assert tags["seqchurn.dataset_digest"] == whole_way.table("sequences").manifest()["digest"]
    here = Path(seqchurn.__file__).parent
    git = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    if git.returncode == 0:
        assert tags["mlflow.source.git.commit"] == git.stdout.strip()


@pytest.mark.parametrize("kind", ["train", "evaluate"])
def test_a_run_keeps_the_whole_config(kind: str, runs: dict[str, Run]) -> None:
    params = runs[kind].data.params
    assert params["encoder.kind"] == "lstm"
    assert params["training.cutoff"] == CUTOFF
    assert params["evaluation.horizons"] == '["7d", "28d"]'
    folder = Path(runs[kind].info.artifact_uri.removeprefix("file://"))
    kept = yaml.safe_load((folder / "config.yaml").read_text())
    assert params["training.patience"] == str(kept["training"]["patience"])  # a default
    head = {"kind": "loglogistic_mixture", "components": 3, "hidden_size": 8}
    assert kept["head"] == {**head, "never": False}
    assert kept["activity"] == {"levels": 26}


def test_a_training_run_has_its_losses_by_epoch(runs: dict[str, Run], whole_way: Opened) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{whole_way.store}/mlflow/mlflow.db")
    run_id = runs["train"].info.run_id
    for name in ("train/nll_1", "validation/nll_1", "train/nll_2", "validation/nll_2"):
        assert [m.step for m in client.get_metric_history(run_id, name)] == [1, 2]
    last = [client.get_metric_history(run_id, f"validation/nll_{n}")[-1].value for n in (1, 2)]
    assert runs["train"].data.metrics["best_validation_nll"] == pytest.approx(sum(last) / 2)


def test_an_evaluation_run_has_the_scores_and_files_of_the_report(runs: dict[str, Run]) -> None:
    metrics = runs["evaluate"].data.metrics
    for model in ("seqchurn", *BASELINES):
        for score in ("auc", "log_loss", "brier", "ece"):
            assert {f"{model}/{score}_{h}d" for h in (7, 28)} <= set(metrics)
    assert "seqchurn/wait_log_likelihood" in metrics
    assert files_of(runs["evaluate"]) == [
        "config.yaml",
        "counts.json",
        "differences.json",
        "evaluation.json",
        "pit.json",
        "pit.png",
        "pit_by_cohort.png",
        "reliability.json",
        "reliability.png",
        "reliability_by_cohort.png",
        "waits.json",
    ]
    assert runs["evaluate"].data.tags["seqchurn.model"] == "models:/shop/1"


def test_a_run_that_raises_is_marked_as_failed(shop: Shop) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        start_run(shop.store, "shop", kind="train", config={}, tags={}),
    ):
        raise KeyboardInterrupt
    assert [run.info.status for run in runs_of(shop.store)] == ["FAILED"]


def test_long_values_of_a_config_are_cut_where_mlflow_would_refuse(shop: Shop) -> None:
    config = {"events": {"sources": ["x" * 9_000]}}
    with start_run(shop.store, "shop", kind="train", config=config, tags={}):
        pass
    assert len(runs_of(shop.store)[0].data.params["events.sources"]) == 6_000


def test_the_server_in_the_environment_wins_over_the_store(
    shop: Shop, empty_mlflow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(empty_mlflow, elsewhere / "mlflow")
    place = f"sqlite:///{elsewhere}/mlflow/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", place)
    assert store_place(shop.store) == place
    with start_run(shop.store, "shop", kind="train", config={}, tags={}):
        pass
    assert os.environ["MLFLOW_TRACKING_URI"] == place
    assert len(runs_of(elsewhere)) == 1
    assert runs_of(shop.store) == []


def test_the_login_of_a_server_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:hunter2@db.example.com:5000")
    assert store_place(Path("anywhere")) == "http://db.example.com:5000"
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: os.environ["MLFLOW_TRACKING_URI"])
    said = "hunter2 was sent to http://mlflow:hunter2@db.example.com:5000"
    with (
        pytest.raises(EnvironmentFailure, match=r"MLflow store http://db\.example") as refused,
        module.explained(),
    ):
        raise mlflow.MlflowException(said)
    assert "hunter2" not in str(refused.value)


def test_a_store_with_an_at_in_its_name_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert store_place(Path("/srv/x@y")) == "sqlite:////srv/x@y/mlflow/mlflow.db"


def test_connecting_to_a_store_leaves_the_environment_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    connect(shop.store)
    assert mlflow.get_tracking_uri() == f"sqlite:///{shop.store}/mlflow/mlflow.db"
    assert not {"MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"} & set(os.environ)


def test_a_store_that_refuses_is_a_failure_of_the_environment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise mlflow.MlflowException("no space left\nand a stack trace")

    monkeypatch.setattr(mlflow, "log_params", refuse)
    with (
        pytest.raises(EnvironmentFailure, match=r"mlflow\.db refused: no space left\. Check that"),
        start_run(shop.store, "shop", kind="train", config={}, tags={}),
    ):
        pass
    assert [run.info.status for run in runs_of(shop.store)] == ["FAILED"]


def test_a_server_that_cannot_be_reached_is_a_failure_of_the_environment(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = trained.tree()
    for verb in ("promote", "evaluate", "train"):
        done = trained.run(verb)
        assert done.status == 7, done.err
        assert "the MLflow store http://127.0.0.1:9 refused: API request to" in done.err
        assert done.err.endswith("Check that it can be reached, then run it again.\n")
    assert trained.tree() == before


FIRST = """
import sys
from pathlib import Path
from seqchurn.tracking import start_run
with start_run(Path(sys.argv[1]), "shop", kind="train", config={}, tags={}):
    print("done")
"""


@pytest.mark.slow
def test_two_first_runs_at_once_share_one_store(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST, str(tmp_path)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in both:
        out, err = child.communicate(timeout=120)
        assert (child.returncode, out) == (0, "done\n"), err
    assert [run.info.status for run in runs_of(tmp_path)] == ["FINISHED"] * 2


def test_a_store_that_another_run_makes_is_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
    busy = "another run makes the MLflow store .*/mlflow. Wait"
    with (
        locked(shop.store / "mlflow" / ".lock", ""),
        pytest.raises(LockedError, match=busy),
    ):
        connect(shop.store)


@pytest.mark.parametrize("sign", ["%", "?", "#"])
def test_a_store_whose_name_does_not_fit_into_a_uri_is_refused(sign: str, tmp_path: Path) -> None:
    store = tmp_path / f"50{sign}20off"
    with pytest.raises(ConfigError, match=f"the '[{sign}]' cannot be part of an MLflow URI. Give"):
        connect(store, make=True)
    assert not store.exists()


def test_a_store_that_is_half_made_is_a_failure_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "mlflow").mkdir()
    with sqlite3.connect(tmp_path / "mlflow" / "mlflow.db") as database:
        database.execute("create table experiments (little int)")
    database.close()
    with pytest.raises(EnvironmentFailure, match=r"mlflow\.db refused: .*Check that"):
        connect(tmp_path)


def test_an_experiment_that_another_run_makes_meanwhile_is_taken(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = mlflow.create_experiment

    def just_made(*args: Any, **kwargs: Any) -> str:
        create(*args, **kwargs)
        return create(*args, **kwargs)

    monkeypatch.setattr(mlflow, "create_experiment", just_made)
    with start_run(shop.store, "shop", kind="train", config={}, tags={}):
        pass
    assert len(runs_of(shop.store)) == 1
