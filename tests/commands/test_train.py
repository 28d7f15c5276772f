from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import polars as pl
import pytest

from seqchurn.commands import fitting
from seqchurn.tracking import connect, find_model, open_model
from tests.shop import AS_OF, Shop

MAIN = "import sys; from seqchurn.cli import main; sys.exit(main())"


def weights(shop: Shop, version: str | None = None) -> dict[str, object]:
    connect(shop.store)
    networks = open_model(find_model("shop", version)).model.networks
    return {
        f"{n} {name}": w for n, one in enumerate(networks) for name, w in one.state_dict().items()
    }


def statuses(store: Path) -> list[str]:
    """Status of each run of the shop, oldest first."""
    client = mlflow.MlflowClient(f"sqlite:///{store}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    return [run.info.status for run in client.search_runs([experiment.experiment_id])][::-1]


def alike(one: dict[str, object], other: dict[str, object]) -> bool:
    return all(bool((one[name] == other[name]).all()) for name in one)  # type: ignore[attr-defined]


def test_the_same_seed_trains_the_same_model(trained: Shop) -> None:
    trained.must("train", "--force")
    assert alike(weights(trained, "1"), weights(trained, "2"))
    trained.must("train", "--training.seed", "5")
    assert not alike(weights(trained, "1"), weights(trained, "3"))


@pytest.mark.slow
def test_networks_fitted_at_the_same_time_are_those_fitted_in_turn(trained: Shop) -> None:
    done = trained.run("train", "--training.at_once", "2")
    assert done.status == 0, done.err
    assert "2 networks, 2 at once" in done.err
    assert "network 2: epoch 1: train/nll" in done.err
    assert alike(weights(trained, "1"), weights(trained, "2"))
    client = mlflow.MlflowClient(f"sqlite:///{trained.store}/mlflow/mlflow.db")
    apart, in_turn = (
        client.get_run(client.get_model_version("shop", version).run_id) for version in "21"
    )
    assert apart.data.metrics == in_turn.data.metrics
    assert {"train/nll_1", "train/nll_2"} <= apart.data.metrics.keys()


@pytest.mark.slow
def test_several_processes_fit_one_network_together(trained: Shop) -> None:
    flags = ["--training.devices", "2", "--training.networks", "1"]
    done = trained.run("train", *flags)
    assert done.status == 0, done.err
    assert "network 1, fitted by 2 processes together" in done.err
    assert "network 1, rank 0: epoch 1: train/nll" in done.err
    assert "network 1, rank 1: epoch 1" not in done.err
    trained.must("train", *flags, "--force")
    assert alike(weights(trained, "2"), weights(trained, "3"))
    assert not alike(weights(trained, "2"), weights(trained, "1"))
    assert [*trained.store.glob("checkpoints/*")] == []


def test_devices_and_networks_at_once_exclude_each_other(shop: Shop) -> None:
    done = shop.run("train", "--training.devices", "2", "--training.at_once", "2")
    assert done.status == 2
    assert "devices is 2 and at_once 2: networks are fitted one after another" in done.err


def test_networks_learn_from_seeds_of_their_own(trained: Shop) -> None:
    connect(trained.store)
    networks = open_model(find_model("shop", None)).model.networks
    assert len(networks) == 2
    one, other = (dict(network.state_dict()) for network in networks)
    assert not alike(one, other)
    assert [float(state["hazard_scale"]) for state in (one, other)] == [1.0, 1.0]


@pytest.mark.parametrize("at_once", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_recalibrated_networks_are_kept_and_scored(at_once: str, trained: Shop) -> None:
    flags = ["--datasets.recalibration_span", "0.2", "--training.at_once", at_once]
    done = trained.run("train", *flags)
    said = [float(scale) for scale in re.findall(r"hazards times ([\d.]+)", done.err)]
    kept = [float(w) for name, w in weights(trained).items() if name.endswith("hazard_scale")]
    assert kept == pytest.approx(said, abs=6e-4)
    assert len(kept) == 2
    assert all(scale != 1.0 for scale in kept)
    trained.must("promote")
    trained.must("score", "--as_of", AS_OF)
    assert trained.scores()["model_version"].unique().to_list() == ["2"]


@pytest.mark.parametrize(("encoder", "head"), [("gru", "weibull"), ("lstm", "weibull")])
def test_other_kinds_go_the_whole_way(encoder: str, head: str, trained: Shop) -> None:
    kinds = ["--encoder.kind", encoder, "--head.kind", head]
    assert "model       models:/shop/2, run " in trained.must("train", *kinds)
    assert f"seqchurn {encoder}" in trained.must("evaluate", *kinds)
    trained.must("promote")
    trained.must("score", "--as_of", AS_OF)
    scores = trained.scores()
    assert scores["model_version"].unique().to_list() == ["2"]
    assert scores.select(pl.col(pl.Float64).is_nan().any()).sum_horizontal().item() == 0


def test_the_end_of_the_log_is_the_default_cutoff(shop: Shop) -> None:
    shop = shop.again("shop", training={"max_epochs": 1, "accelerator": "cpu"})
    shop.must("prepare")
    assert "cutoff      2024-07-19T00:00:00+00:00\n" in shop.must("train")
    earlier = shop.must("train", "--training.held_back", "28d")
    assert "cutoff      2024-06-21T00:00:00+00:00\n" in earlier
    done = shop.run("evaluate")
    assert done.status == 2
    assert "nothing follows the cutoff 2024-07-19" in done.err


def test_a_fit_that_is_registered_is_not_repeated(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.must("train")
    trained.must("train", "--training.seed", "1")  # another challenger
    said = trained.must("train")
    assert said.splitlines()[0].startswith("model       models:/shop/2, run ")
    assert said.splitlines()[0].endswith(", unchanged")
    client = mlflow.MlflowClient(f"sqlite:///{trained.store}/mlflow/mlflow.db")
    assert int(client.get_model_version_by_alias("shop", "challenger").version) == 2
    assert len(client.search_model_versions("name = 'shop'")) == 3
    other_scores = ["--evaluation.horizons", "[14d]"]  # which the model says when it is asked alone
    assert "models:/shop/4" in trained.must("train", *other_scores)
    assert "models:/shop/5" in trained.must("train", "--force")
    monkeypatch.setattr(fitting, "code_version", lambda: "0.1.0+another")
    assert "models:/shop/6" in trained.must("train")  # by another program


def test_sections_that_change_no_weight_change_no_fit(trained: Shop) -> None:
    flags = ["--guards.max_staleness_hours", "1", "--monitoring.band", "[0.5, 2]"]
    flags += ["--gates.max_ece", "1", "--audiences", "{lapsed: p_churn > 0.5}"]
    trained.must("train")
    assert "unchanged" in trained.must("train", *flags)


def test_models_and_runs_have_the_names_of_the_config(trained: Shop) -> None:
    shop = trained.again("shop", tracking={"model": "waits", "experiment": "tries"})
    assert "model       models:/waits/1, run " in shop.must("train")
    client = mlflow.MlflowClient(f"sqlite:///{shop.store}/mlflow/mlflow.db")
    [run] = client.search_runs([client.get_experiment_by_name("tries").experiment_id])
    assert run.data.tags["seqchurn.dataset"] == "shop"


def test_a_training_that_was_cut_off_goes_on_where_it_stopped(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.tracking import Run

    log_metrics = Run.log_metrics

    def cut_off(self: Run, metrics: dict[str, float], *, step: int = 0) -> None:
        if step == 3 and "train/nll_2" in metrics:
            raise OSError(28, "No space left on device")
        log_metrics(self, metrics, step=step)

    longer = ["--training.max_epochs", "4"]
    trained.must("train", *longer)
    monkeypatch.setattr(Run, "log_metrics", cut_off)
    longer.append("--force")
    assert trained.run("train", *longer).status == 7
    monkeypatch.undo()
    [left] = (trained.store / "checkpoints").iterdir()
    kept = sorted(f"{p.parent.name}/{p.name}" for p in left.rglob("*.ckpt"))
    assert kept == [f"network-{n}/{name}.ckpt" for n in (1, 2) for name in ("best", "last")]
    done = trained.run("train", *longer)
    assert done.err.count("continuing the fit in") == 2
    assert re.findall(r"epoch (\d)", done.err) == ["3", "4"]  # of the second network
    assert alike(weights(trained, "2"), weights(trained, "3"))
    assert list((trained.store / "checkpoints").iterdir()) == []
    assert statuses(trained.store)[-3:] == ["FINISHED", "FAILED", "FINISHED"]


@pytest.fixture
def cut_off(trained: Shop) -> Shop:
    """A shop with a training that was fitted and could not be registered."""
    from seqchurn.commands import train

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "register", fail)
        assert trained.run("train").status == 7
    return trained


def test_another_config_does_not_go_on_with_that_training(cut_off: Shop) -> None:
    assert "continuing" not in cut_off.run("train", "--training.seed", "9").err
    assert "continuing" in cut_off.run("train").err


def test_the_server_in_the_environment_gets_runs_and_models(
    shop: Shop, empty_mlflow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(empty_mlflow, tmp_path / "server" / "mlflow")
    place = f"sqlite:///{tmp_path}/server/mlflow/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", place)
    shop.must("prepare")
    assert f"tracking    {place}\n" in shop.must("train")
    shop.must("promote")
    shop.must("score", "--as_of", AS_OF)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert statuses(tmp_path / "server") == ["FINISHED"]
    done = shop.run("score", "--as_of", AS_OF)
    assert done.status == 4
    assert "no model shop is registered" in done.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signum", "status", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_training_that_is_stopped_leaves_nothing_half_and_the_next_one_completes(
    signum: int, status: int, word: str, open_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    stopped, whole = open_shop(tmp_path / "stopped"), open_shop(tmp_path / "whole")
    flags = ["--training.max_epochs", "60", "--training.patience", "60"]
    for shop in (stopped, whole):
        shop.must("prepare")
    whole.must("train", *flags)
    before = stopped.tree()
    text = ["--log_format", "text"]
    command = [sys.executable, "-c", MAIN, "train", "--config", str(stopped.config), *text, *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if "epoch 4:" in line:
                child.send_signal(signum)
                break
        _, err = child.communicate(timeout=60)
    assert child.returncode == status, err
    assert err.splitlines()[-1] == f"seqchurn train: {word}."
    assert "Traceback" not in err
    after = stopped.tree()
    left = {Path(name).parts[0] for name in after if name not in before}
    assert left == {"checkpoints"}  # to go on from
    assert statuses(stopped.store) == ["FAILED"]
    done = stopped.run("train", *flags)
    assert done.status == 0, done.err
    assert "continuing the fit in" in done.err
    assert statuses(stopped.store) == ["FAILED", "FINISHED"]
    assert list((stopped.store / "checkpoints").iterdir()) == []
    assert alike(weights(stopped), weights(whole))


def test_two_trainings_of_the_same_model_at_once_are_refused(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.commands import train

    seen, register = [], train.register

    def register_while_another_begins(bundle: Any, **named: Any) -> Any:
        if not seen:
            seen.append(trained.run("train", "--training.seed", "3"))
        return register(bundle, **named)

    monkeypatch.setattr(train, "register", register_while_another_begins)
    first = trained.run("train", "--training.seed", "3")
    [same] = seen
    assert (same.status, same.out) == (5, "")
    assert "another run is training the same model in" in same.err
    assert "continuing" not in same.err
    assert first.status == 0
    assert list((trained.store / "checkpoints").iterdir()) == []


def test_another_version_of_the_program_does_not_go_on_with_a_training(
    cut_off: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "code_version", lambda: "0.1.0+another")
    assert "continuing" not in cut_off.run("train").err


def test_the_same_cutoff_written_otherwise_is_the_same_fit(cut_off: Shop) -> None:
    done = cut_off.run("train", "--training.cutoff", "2024-05-20T02:00:00+02:00")
    assert done.status == 0
    assert "continuing the fit in" in done.err


@pytest.mark.parametrize("name", ["gpu", "cuda", "mps", "tpu"])
def test_an_accelerator_that_is_not_there_is_refused(
    name: str, trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.training import accelerators

    for kind in {kind for kinds in accelerators._MACHINES.values() for kind in kinds}:
        monkeypatch.setattr(kind, "is_available", staticmethod(lambda: False))
    done = trained.run("train", "--training.accelerator", name)
    assert (done.status, done.out) == (2, "")
    assert f"[training] accelerator is {name}, which this machine does not have" in done.err
    assert "Write auto or cpu." in done.err
    assert statuses(trained.store) == ["FINISHED", "FINISHED"]
