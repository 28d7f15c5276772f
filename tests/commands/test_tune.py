"""Settings tried through the command line, on a small shop; most with losses that cost no fit."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
import yaml

from seqchurn.commands import one_trial
from seqchurn.commands.tune import tune
from seqchurn.commands.validation import Validation
from seqchurn.config import Config, load_config
from seqchurn.errors import DivergedError
from seqchurn.files import locked
from seqchurn.tuning import State
from tests.commands.test_leaks import permuted, rewrite
from tests.shop import CUTOFF, Shop

CUTOFFS = ["2024-03-25", "2024-04-22"]
SPACE = {
    "training.learning_rate": {"low": 0.001, "high": 0.02, "log": True},
    "encoder.hidden_size": [4, 8],
}
FLAGS = ["--tune.space", json.dumps(SPACE), "--tune.cutoffs", "2", "--training.max_epochs", "1"]
OVERRIDES = {"tune.space": SPACE, "tune.cutoffs": 2, "training.max_epochs": 1}

Judge = Callable[[Config, str], float]
Trials = list[tuple[dict[str, Any], State, tuple[float, ...]]]


def judged_by(monkeypatch: pytest.MonkeyPatch, judge: Judge) -> list[tuple[float, str]]:
    """Losses from a function of config and cutoff in place of fits; what it was asked."""
    asked = []

    def loss(_: Validation, config: Config, cutoff: datetime, **rest: Any) -> float:
        asked.append((config.training.learning_rate, f"{cutoff:%Y-%m-%d}"))
        rest["on_epoch"](1, 1, {})
        return judge(config, f"{cutoff:%Y-%m-%d}")

    monkeypatch.setattr(Validation, "loss", loss)
    return asked


def by_rate(config: Config, cutoff: str) -> float:
    return 1.0 + abs(config.training.learning_rate - 0.01) + (cutoff == CUTOFFS[0])


def trials(shop: Shop, **changes: Any) -> Trials:
    """What the study of the flags has found so far; nothing is tried."""
    found = tune(load_config(shop.config, {**OVERRIDES, **changes}), trials=1)
    return [(trial.values, trial.state, trial.losses) for trial in found.trials]


def runs(shop: Shop, kind: str) -> list[mlflow.entities.Run]:
    """Runs of a kind, oldest first."""
    client = mlflow.MlflowClient(f"sqlite:///{shop.store}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    found = client.search_runs([experiment.experiment_id], f"tags.`seqchurn.kind` = '{kind}'")
    return list(found)[::-1]


def test_settings_are_tried_and_the_best_can_be_taken_over(trained: Shop) -> None:
    done = trained.run("tune", *FLAGS, "--trials", "2")
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert re.match(r"shop, study [0-9a-f]{12}: 2 whole$", lines[0])
    assert len(lines) < 24
    assert max(map(len, lines[:-2])) <= 100
    assert any(line.endswith("as configured") for line in lines)
    assert (
        "cutoffs 2024-03-25, 2024-04-22; what followed each was read up to 2024-05-20" in done.out
    )
    assert re.findall(r"trial (\d), cutoff (\d) of 2", done.err) == [
        (trial, cutoff) for trial in "01" for cutoff in "12"
    ]
    assert "epoch" not in done.err
    assert [*(trained.store / "checkpoints").iterdir()] == []
    (own, _, losses), (other, _, others) = trials(trained)
    assert own == {"training.learning_rate": 2e-3, "encoder.hidden_size": 8} != other
    assert load_best(trained) == (own if losses[-1] <= others[-1] else other)
    assert f"{trained.store}/tuning/shop/best.yaml" in done.out


def load_best(shop: Shop) -> dict[str, Any]:
    """Values in best.yaml, which a config can be made of."""
    text = (shop.store / "tuning" / "shop" / "best.yaml").read_text()
    piece = yaml.safe_load(text)
    taken = {**yaml.safe_load(shop.config.read_text()), **piece}
    (shop.folder / "taken.yaml").write_text(yaml.safe_dump(taken))
    config = load_config(shop.folder / "taken.yaml")
    return {
        "training.learning_rate": config.training.learning_rate,
        "encoder.hidden_size": config.encoder.hidden_size,
    }


def test_what_lies_at_or_after_the_training_cutoff_changes_nothing(trained: Shop) -> None:
    trained.must("tune", *FLAGS, "--trials", "2")
    before = trials(trained)
    rewrite(trained, permuted, CUTOFF)
    said = trained.must("tune", *FLAGS, "--trials", "2")  # a study of its own
    assert said.splitlines()[0].endswith(": 2 whole")
    assert len(runs(trained, "trial")) == 4
    assert trials(trained) == before


def test_runs_of_trials_are_nested_in_that_of_the_search(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_by(monkeypatch, by_rate)
    said = trained.must("tune", *FLAGS, "--trials", "2")
    [parent], children = runs(trained, "tune"), runs(trained, "trial")
    assert parent.data.params["tune.cutoffs"] == "2"
    study = parent.data.tags["seqchurn.study"]
    assert f"study {study}: " in said
    for child, (values, state, losses) in zip(children, trials(trained), strict=True):
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.tags["seqchurn.study"] == study
        assert child.data.tags["seqchurn.state"] == state
        assert child.data.params == {name: str(value) for name, value in values.items()}
        assert child.data.metrics["mean_loss"] == pytest.approx(losses[-1])
        assert child.info.status == "FINISHED"
    assert parent.data.metrics["best_loss"] == min(c.data.metrics["mean_loss"] for c in children)
    assert parent.data.metrics["configured_loss"] == children[0].data.metrics["mean_loss"]
    client = mlflow.MlflowClient(f"sqlite:///{trained.store}/mlflow/mlflow.db")
    kept = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert kept == {"best.yaml", "config.yaml", "tune.txt"}


def test_a_hopeless_trial_is_pruned_and_named(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = iter([1.0, 1.0, 2.0, 0.5, 0.5])
    judged_by(monkeypatch, lambda *_: next(worse))
    done = trained.run("tune", *FLAGS, "--tune.startup", "1", "--trials", "3")
    assert done.status == 0, done.err
    said = "trial 1, cutoff 1 of 2, 2024-03-25: pruned, for the median of whole trials is 1.0000"
    assert said in done.err
    assert done.out.splitlines()[0].endswith(": 2 whole, 1 pruned")
    assert [state for _, state, _ in trials(trained)] == [State.WHOLE, State.PRUNED, State.WHOLE]
    states = [run.data.tags["seqchurn.state"] for run in runs(trained, "trial")]
    assert states == ["whole", "pruned", "whole"]


def test_a_fit_that_diverges_ends_its_trial_only(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(config: Config, cutoff: str) -> float:
        if config.training.learning_rate != 2e-3:
            raise DivergedError("the loss is nan.")
        return 1.0

    judged_by(monkeypatch, judge)
    done = trained.run("tune", *FLAGS, "--trials", "2")
    assert done.status == 0, done.err
    assert done.out.splitlines()[0].endswith(": 1 whole, 1 diverged")
    assert "warning: trial 1, cutoff 1 of 2, 2024-03-25: the loss is nan." in done.err


def test_a_search_that_failed_goes_on_and_repeats_nothing(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_by(monkeypatch, by_rate)
    trained.must("tune", *FLAGS, "--trials", "4")
    unbroken = trials(trained)
    study = trained.store / "tuning" / "shop" / "study.db"
    study.unlink()

    def full(config: Config, cutoff: str) -> float:
        if len(asked) == 4:
            raise OSError(28, "No space left on device")
        return by_rate(config, cutoff)

    asked = judged_by(monkeypatch, full)
    assert trained.run("tune", *FLAGS, "--trials", "4").status == 7
    assert runs(trained, "trial")[-1].info.status == "FAILED"
    again = judged_by(monkeypatch, by_rate)
    said = trained.must("tune", *FLAGS, "--trials", "4")
    assert said.splitlines()[0].endswith(": 4 whole, 1 cut off")
    assert again[0] == asked[2]  # that trial once more, and no other
    assert len(again) == 6
    assert [trial for trial in trials(trained) if trial[1] is not State.CUT_OFF] == unbroken
    before = len(runs(trained, "tune"))
    assert trained.must("tune", *FLAGS, "--trials", "4") == said
    assert (len(again), len(runs(trained, "tune"))) == (6, before)  # nothing was left to do


def test_another_space_begins_another_study(trained: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_by(monkeypatch, by_rate)
    one = trained.must("tune", *FLAGS, "--trials", "1").split()[2]
    others = [
        trained.must("tune", *FLAGS, *more, "--trials", "1").split()[2]
        for more in (
            ["--tune.every", "21d"],
            ["--encoder.memories", "3"],
            ["--scoring.reach", "9d"],
        )
    ]
    assert others[2] == one  # which changes no fit
    assert len({one, *others}) == 3
    assert trials(trained)[0][1] is State.WHOLE


def test_when_the_time_is_over_what_is_under_way_is_left_for_the_next_run(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_by(monkeypatch, by_rate)
    seconds = iter([0.0, 0.0, math.inf])  # a trial begins, an epoch, one of the other fit
    monkeypatch.setattr(one_trial, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    said = trained.must("tune", *FLAGS, "--minutes", "1")
    assert said.splitlines()[0].endswith(": 1 cut off")
    assert "no trial went through all cutoffs yet" in said
    monkeypatch.undo()
    again = judged_by(monkeypatch, by_rate)
    trained.must("tune", *FLAGS, "--trials", "1")
    assert again == [(2e-3, cutoff) for cutoff in CUTOFFS]


@pytest.mark.slow
def test_a_trial_that_was_cut_off_goes_on_at_its_last_epoch(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = [*FLAGS[:-1], "3", "--trials", "1", "--verbose"]
    unbroken = trained.run("tune", *longer)
    assert unbroken.status == 0, unbroken.err
    (trained.store / "tuning" / "shop" / "study.db").unlink()
    checks = iter(range(100))

    def check_time(self: one_trial.Trying, *_: object) -> None:
        if next(checks) == 5:  # in the second epoch of the other fit
            raise one_trial.OutOfTime

    monkeypatch.setattr(one_trial.Trying, "check_time", check_time)
    trained.must("tune", *longer)
    monkeypatch.undo()
    done = trained.run("tune", *longer)
    assert done.err.count("continuing the fit in") == 2
    assert re.findall(r"epoch (\d):", done.err) == ["2", "3"]
    losses = re.compile(r"^ *\d +(\d\.\d{4})", re.MULTILINE)
    assert losses.findall(done.out) == losses.findall(unbroken.out) != []
    assert [*(trained.store / "checkpoints").iterdir()] == []


def test_two_searches_of_a_config_at_once_are_refused(trained: Shop) -> None:
    folder = trained.store / "tuning" / "shop"
    folder.mkdir(parents=True)
    with locked(folder / ".lock", "busy"):
        done = trained.run("tune", *FLAGS)
    assert (done.status, done.out) == (5, "")
    assert f"another run tunes shop in {folder}. Wait until it has ended." in done.err


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--tune.space", "{training.learning_rat: [1]}"], "Did you mean training.learning_rate?"),
        (["--tune.cutoffs", "30"], "[tune] 30 cutoffs 28d apart do not fit before the training"),
        (["--training.cutoff", "2024-01-01"], "so that nothing can be tried before it. Choose a"),
        (["--training.cutoff", "2025-01-01"], "[training] cutoff 2025-01-01 lies after the end"),
    ],
)
def test_what_cannot_be_is_refused_before_a_run_is_opened(
    flags: list[str], complaint: str, trained: Shop
) -> None:
    done = trained.run("tune", *FLAGS, *flags)
    assert (done.status, done.out) == (2, "")
    assert complaint in done.err
    assert runs(trained, "tune") == []
    assert not (trained.store / "tuning").exists()


def test_without_the_extra_it_is_named(trained: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = trained.run("tune", *FLAGS)
    assert (done.status, done.out) == (2, "")
    assert "pip install 'seqchurn[tune]'" in done.err


def test_several_networks_are_fitted_only_if_the_space_says_so(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = []

    def judge(config: Config, cutoff: str) -> float:
        networks.append(config.training.networks)
        return 1.0

    judged_by(monkeypatch, judge)
    trained.must("tune", *FLAGS, "--trials", "1")
    trained.must("tune", *FLAGS, "--tune.space", "{training.networks: [2]}", "--trials", "1")
    assert networks == [1, 1, 2, 2]
