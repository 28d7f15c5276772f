"""Rolling cutoffs through the command line, on a small shop."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import mlflow
import pytest

from tests.shop import CONFIG, Shop

CUTOFFS = ["2024-05-10", "2024-05-31", "2024-06-21"]  # the log ends on 2024-07-19
ROLLING = ["--backtest.cutoffs", "3", "--backtest.every", "21d"]
NETWORK = "seqchurn lstm"
NETWORKS, EPOCHS = CONFIG["training"]["networks"], CONFIG["training"]["max_epochs"]

Row = dict[str, Any]


def rows_of(shop: Shop, refit: str) -> list[Row]:
    path = shop.store / "backtest" / "shop" / f"refit={refit}" / "backtest.json"
    rows: list[Row] = json.loads(path.read_text())
    return rows


def runs(store: Path) -> list[mlflow.entities.Run]:
    """Runs of the shop, oldest first."""
    client = mlflow.MlflowClient(f"sqlite:///{store}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    return list(client.search_runs([experiment.experiment_id]))[::-1]


def evaluated(shop: Shop, *, trained_at: str, cutoff: str) -> list[Row]:
    """What train and evaluate say of a model and of a cutoff."""
    training = ["--training.cutoff", trained_at]
    shop.must("train", *training)
    shop.must("evaluate", *training, "--evaluation.cutoff", cutoff)
    path = shop.store / "evaluation" / "shop" / f"cutoff={cutoff}" / "evaluation.json"
    rows: list[Row] = json.loads(path.read_text())
    return rows


def same(judged: list[Row], evaluated: list[Row]) -> bool:
    """Whether rows agree in all that both verbs say."""
    return len(judged) == len(evaluated) > 0 and all(
        one[key] == other[key]
        for one, other in zip(judged, evaluated, strict=True)
        for key in one
        if key in other
    )


@pytest.mark.slow
def test_a_frozen_model_is_the_one_that_train_makes_at_the_first_cutoff(trained: Shop) -> None:
    trained.must("backtest", *ROLLING)
    rows = rows_of(trained, "never")
    own = [row for row in rows if row["model"] == NETWORK]
    ages = {(r["cutoff"][:10], r["training_cutoff"][:10], r["age_days"], r["refit"]) for r in own}
    assert ages == {(c, CUTOFFS[0], 21.0 * i, "never") for i, c in enumerate(CUTOFFS)}
    others = [row for row in rows if row["model"] != NETWORK]
    assert {(r["age_days"], r["refit"]) for r in others} == {(0.0, "every")}
    assert all(row["training_cutoff"] == row["cutoff"] for row in others)
    at_last = [row for row in rows if row["cutoff"].startswith(CUTOFFS[-1])]
    plain = evaluated(trained, trained_at=CUTOFFS[0], cutoff=CUTOFFS[-1])
    for judged in (own, others):
        models = {row["model"] for row in judged}
        assert same(
            [r for r in at_last if r["model"] in models], [r for r in plain if r["model"] in models]
        )


@pytest.mark.slow
def test_a_refitted_model_is_the_one_that_train_makes_at_each_cutoff(trained: Shop) -> None:
    said = trained.must("backtest", *ROLLING)
    both = trained.must("backtest", *ROLLING, "--refit", "every")
    rows = rows_of(trained, "every")
    fresh = [r for r in rows if (r["model"], r["refit"]) == (NETWORK, "every")]
    assert {(r["cutoff"], r["age_days"]) for r in fresh} == {
        (r["training_cutoff"], 0) for r in fresh
    }
    for cutoff in CUTOFFS[1:]:
        plain = evaluated(trained, trained_at=cutoff, cutoff=cutoff)
        there = [row for row in fresh if row["cutoff"].startswith(cutoff)]
        assert same(there, [row for row in plain if row["model"] == NETWORK])
    frozen = [r for r in rows if (r["model"], r["refit"]) != (NETWORK, "every")]
    assert frozen == rows_of(trained, "never")  # and beside it stands the frozen one
    assert set(said.splitlines()[5:-2]) < set(both.splitlines())


def test_a_backtest_registers_no_model_and_is_one_run(trained: Shop) -> None:
    said = trained.must("backtest", *ROLLING)
    *before, run = runs(trained.store)
    assert [r.data.tags["seqchurn.kind"] for r in before] == ["train", "evaluate"]
    tags = {k: run.data.tags[f"seqchurn.{k}"] for k in ("kind", "dataset", "refit")}
    assert tags == {"kind": "backtest", "dataset": "shop", "refit": "never"}
    assert run.info.status == "FINISHED"
    assert run.data.params["backtest.every"] == "21d"
    client = mlflow.MlflowClient(f"sqlite:///{trained.store}/mlflow/mlflow.db")
    assert len(client.search_model_versions()) == 1
    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert kept == {"backtest.json", "backtest.txt", "config.yaml", "staleness.png"}
    rows = rows_of(trained, "never")
    aucs = [
        row["auc"]
        for row in rows
        if (row["model"], row["cohort"], row["horizon_days"]) == (NETWORK, "all", 7.0)
    ]
    history = client.get_metric_history(run.info.run_id, "seqchurn/never/auc_7d")
    assert [(metric.step, metric.value) for metric in history] == list(enumerate(aucs))
    folder = trained.store / "backtest" / "shop" / "refit=never"
    assert said.startswith("shop, refit never: 3 cutoffs, 58 to 60 customers\n")
    assert said.endswith(f"\n\nreport  {folder}\n")
    assert (folder / "staleness.png").read_bytes().startswith(b"\x89PNG")
    assert list((trained.store / "checkpoints").iterdir()) == []


def test_a_backtest_that_was_cut_off_repeats_no_fit(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.commands import backtest

    flags = [*ROLLING, "--refit", "every"]
    unbroken = trained.run("backtest", *flags)
    assert len(re.findall(r"epoch \d", unbroken.err)) == 3 * NETWORKS * EPOCHS
    rows, judge = rows_of(trained, "every"), backtest.judge

    def full(dataset: str, outcomes: Any, *rest: Any, **options: Any) -> list[Row]:
        if f"{outcomes.cutoff:%Y-%m-%d}" == CUTOFFS[1]:
            raise OSError(28, "No space left on device")
        return judge(dataset, outcomes, *rest, **options)

    monkeypatch.setattr(backtest, "judge", full)
    assert trained.run("backtest", *flags).status == 7
    monkeypatch.undo()
    assert len(list((trained.store / "checkpoints").iterdir())) == 2
    done = trained.run("backtest", *flags)
    assert done.status == 0
    assert done.out == unbroken.out
    assert len(re.findall(r"continuing the fit in", done.err)) == 2 * NETWORKS
    assert len(re.findall(r"epoch \d", done.err)) == NETWORKS * EPOCHS  # those of the third cutoff
    assert rows_of(trained, "every") == rows
    assert list((trained.store / "checkpoints").iterdir()) == []
    assert [run.info.status for run in runs(trained.store)[-2:]] == ["FAILED", "FINISHED"]


def test_a_fit_that_is_under_way_elsewhere_is_waited_for(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.commands import train

    seen, register = [], train.register

    def register_while_a_backtest_begins(bundle: Any, **named: Any) -> Any:
        seen.append(trained.run("backtest", *ROLLING))
        return register(bundle, **named)

    monkeypatch.setattr(train, "register", register_while_a_backtest_begins)
    trained.must("train", "--training.cutoff", CUTOFFS[0])
    [same] = seen
    assert (same.status, same.out) == (5, "")
    assert "another run is training the same model in" in same.err


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--backtest.cutoffs", "20"], "20 cutoffs 28d apart do not fit, 6 would: the last is"),
        (["--backtest.until", "2024-07-01"], "until 2024-07-01T00:00:00+00:00 lies after 2024-06"),
        (["--backtest.every", "36h"], "every is 1.5d, not a whole number of steps of 1d."),
        (["--evaluation.horizons", "[7d,120d]"], "0 would: the last is 2024-03-21"),
        (["--waits.target", "gift"], "[waits] target gift never occurs in the log; there are"),
    ],
)
def test_cutoffs_that_do_not_fit_the_log_are_refused_before_a_run_is_opened(
    flags: list[str], complaint: str, trained: Shop
) -> None:
    before, ran = trained.tree(), len(runs(trained.store))
    done = trained.run("backtest", *flags)
    assert (done.status, done.out) == (2, "")
    assert complaint in done.err
    assert "Traceback" not in done.err
    assert trained.tree() == before
    assert len(runs(trained.store)) == ran


def test_without_lightgbm_it_stops_before_anything_is_fitted(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, ran = trained.tree(), len(runs(trained.store))
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    done = trained.run("backtest", *ROLLING)
    assert (done.status, done.out) == (2, "")
    assert "the boosted trees need LightGBM" in done.err
    assert "epoch" not in done.err
    assert trained.tree() == before
    assert len(runs(trained.store)) == ran
