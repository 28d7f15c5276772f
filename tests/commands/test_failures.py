"""What a user can get wrong: an exit code, a short message, and nothing half-written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import polars as pl
import pytest

from tests.shop import Done, Shop, draw_logs, write_logs


def refused(done: Done, status: int, *complaints: str) -> None:
    """Exit code and message of a failure that says what to do, on one screen."""
    assert done.status == status, done.err
    for complaint in complaints:
        assert complaint in done.err
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) <= 24
    assert done.out == ""


def models(shop: Shop) -> list[str]:
    client = mlflow.MlflowClient(f"sqlite:///{shop.store}/mlflow/mlflow.db")
    return [v.version for v in client.search_model_versions()]


def runs(shop: Shop) -> list[str]:
    """Status of each run of the shop."""
    client = mlflow.MlflowClient(f"sqlite:///{shop.store}/mlflow/mlflow.db")
    ids = [e.experiment_id for e in client.search_experiments()]
    return sorted(run.info.status for run in client.search_runs(ids))


@pytest.fixture
def prepared(shop: Shop) -> Shop:
    shop.must("prepare")
    return shop


@pytest.mark.parametrize("verb", ["prepare", "train", "evaluate", "promote", "rollback", "score"])
def test_a_mistyped_key(verb: str, trained: Shop) -> None:
    before = trained.tree()
    shop = trained.again("shop", training__max_epoch=3)
    refused(shop.run(verb), 2, "max_epoch", "Did you mean max_epochs?")
    assert shop.tree() == before


def test_a_missing_file(shop: Shop) -> None:
    (shop.folder / "raw" / "visits.parquet").unlink()
    refused(shop.run("prepare"), 2, "source visits", "raw/visits.parquet")
    assert shop.tree() == {}


def test_a_file_that_goes_missing_leaves_the_prepared_tables(prepared: Shop) -> None:
    before = prepared.tree()
    (prepared.folder / "raw" / "visits.parquet").unlink()
    refused(prepared.run("prepare"), 2, "source visits", "raw/visits.parquet")
    assert prepared.tree() == before


@pytest.mark.parametrize("text", ["who,at,amount,channel\n", ""], ids=["header only", "no bytes"])
def test_an_empty_log(text: str, prepared: Shop) -> None:
    before = {n: c for n, c in prepared.tree().items() if "/refused/" not in n}
    (prepared.folder / "raw" / "orders.csv").write_text(text)
    _, visits, people = draw_logs()
    visits.clear().write_parquet(prepared.folder / "raw" / "visits.parquet")
    refused(prepared.run("prepare"), 3, "[events]", "orders")
    assert {n: c for n, c in prepared.tree().items() if "/refused/" not in n} == before


def test_a_log_that_is_empty_from_the_start(shop: Shop) -> None:
    write_logs(shop.folder, *(log.clear() for log in draw_logs()))
    refused(shop.run("prepare"), 3, "[events] no event is left (orders: 3 read", "Expected at le")
    left = {Path(name).parts[:3] for name in shop.tree()}
    assert left == {("events", "shop", "refused")}  # the refused records, complete
    refused(shop.run("train"), 3, "there is no table in", "Run seqchurn prepare.")


@pytest.fixture
def lonely(trained: Shop) -> Shop:
    """The trained shop, and beside it one with a single customer and the same model."""
    write_logs(trained.folder, *(log.filter(pl.col("who") == "c02") for log in draw_logs()))
    shop = trained.again("lonely", tracking__model="shop", tracking__experiment="lonely")
    raw = trained.folder / "raw" / "orders.csv"
    raw.write_text("\n".join(raw.read_text().splitlines()[:-3]) + "\n")  # without the damage
    assert "customers  1\n" in shop.must("prepare")
    return shop


def test_a_log_with_one_customer_cannot_train(lonely: Shop) -> None:
    before = lonely.tree()
    refused(lonely.run("train"), 3, "[training] 1 customer(s)", "at least one each")
    assert lonely.tree() == before
    assert runs(lonely) == ["FINISHED", "FINISHED"]  # those of the model that was there


def test_a_log_with_one_customer_is_scored(lonely: Shop) -> None:
    stale = ("--guards.max_staleness_hours", "--guards.max_order_staleness_hours")
    at_rest = [word for flag in stale for word in (flag, "null")]  # nobody else does anything
    said = lonely.must("score", "--as_of", "2024-06-15", *at_rest)
    assert said.startswith("scores  1 customers by models:/shop/1: ")
    scores = lonely.scores()
    assert scores["customer_id"].to_list() == ["c02"]
    assert scores["churn_percentile"].to_list() == [100.0]


def test_a_log_with_one_customer_is_evaluated(lonely: Shop) -> None:
    printed = lonely.must("evaluate")
    assert "1 customers (cohort all)" in printed
    assert "0 (0.0%)" in printed
    assert ".0000" not in printed.split("0 (0.0%)")[1].split()[2]  # no AUC where all are alike


TRAINING = [
    ("training.cutoff", "2023-06-01", "[training] no customer is known before the cutoff"),
    ("training.cutoff", "2024-01-01", "[training] no customer is known before the cutoff"),
    ("training.cutoff", "2025-06-01", "[training] cutoff 2025-06-01 lies after the end of the log"),
    ("training.cutoff", "2024-05-20T06:00:00", "lies inside a step of 1 days. Choose the start"),
    ("waits.target", "purchase", "[waits] target purchase never occurs in the log; there are"),
    ("evaluation.horizons", "[36h]", "[evaluation] horizons has 36h, which is not a whole number"),
    ("scoring.churn_horizon", "36h", "[scoring] churn_horizon is 36h, which is not a whole numb"),
]


@pytest.mark.parametrize(("field", "value", "complaint"), TRAINING)
def test_training_refuses_what_cannot_be_before_it_opens_a_run(
    field: str, value: str, complaint: str, prepared: Shop
) -> None:
    before = prepared.tree()
    refused(prepared.run("train", f"--{field}", value), 2, complaint)
    assert prepared.tree() == before
    assert runs(prepared) == []
    assert not (prepared.store / "checkpoints").exists()


EVALUATION = [
    ("evaluation.cutoff", "2023-06-01", "lies before 2024-05-20T00:00:00+00:00, the training cut"),
    ("evaluation.cutoff", "2024-05-19", "lies before 2024-05-20T00:00:00+00:00, the training cut"),
    ("evaluation.cutoff", "2025-06-01", "[evaluation] nothing follows the cutoff 2025-06-01; the"),
    ("evaluation.cutoff", "2024-07-10", "lies after the end of the log 2024-07-19; choose a shor"),
    ("evaluation.horizons", "[7d,90d]", "lies after the end of the log 2024-07-19; choose a shor"),
    ("evaluation.cutoff", "2024-05-21T06:00:00", "lies inside a step of 1d. Choose the start of"),
]


@pytest.mark.parametrize(("field", "value", "complaint"), EVALUATION)
def test_an_evaluation_that_cannot_be(
    field: str, value: str, complaint: str, trained: Shop
) -> None:
    before, ran = trained.tree(), len(runs(trained))
    refused(trained.run("evaluate", f"--{field}", value), 2, complaint)
    assert trained.tree() == before
    assert len(runs(trained)) == ran


@pytest.mark.parametrize("verb", ["train", "evaluate", "promote", "rollback", "score"])
def test_verbs_before_prepare(verb: str, tmp_path: Path, shop: Shop) -> None:
    shop = Shop(tmp_path / "bare")
    write_logs(shop.folder, *draw_logs())
    shop = shop.again("shop")
    done = shop.run(verb)
    if verb == "train":
        refused(done, 3, "there is no table in", "Run seqchurn prepare.")
    else:
        refused(done, 4, "no model was registered in", "Run seqchurn train.")
    assert not shop.store.exists()


@pytest.mark.parametrize("verb", ["evaluate", "promote", "rollback", "score"])
def test_verbs_before_train(verb: str, prepared: Shop) -> None:
    before = prepared.tree()
    refused(prepared.run(verb), 4, "no model shop is registered. Run seqchurn train.")
    assert prepared.tree() == before


@pytest.mark.parametrize("verb", ["evaluate", "score"])
def test_a_model_without_its_sequences(verb: str, trained: Shop) -> None:
    shop = trained.again("new", tracking__model="shop")
    refused(shop.run(verb), 3, "there is no table in", "sequences/new", "Run seqchurn prepare.")
    assert not (shop.store / "evaluation" / "new").exists()


@pytest.mark.parametrize("verb", ["evaluate", "promote", "score"])
def test_a_version_that_does_not_exist(verb: str, trained: Shop) -> None:
    before = trained.tree()
    done = trained.run(verb, "--model_version", "7")
    refused(done, 4, "model shop has no version or alias 7; there are versions 1.")
    assert trained.tree() == before


@pytest.mark.parametrize("verb", ["evaluate", "score"])
def test_a_model_of_other_waits(verb: str, trained: Shop) -> None:
    before = trained.tree()
    for field, value, now in (
        ("waits.target", "visit", "target visit, step 1d, timezone UTC"),
        ("waits.timezone", "Asia/Tokyo", "target order, step 1d, timezone Asia/Tokyo"),
        ("waits.step", "7d", "target order, step 7d, timezone UTC"),
    ):
        done = trained.run(verb, f"--{field}", value)
        refused(done, 4, "models:/shop/1 was trained for target order, step 1d, timezone UTC", now)
    assert trained.tree() == before


def _without(name: str, sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**s, "attributes": {n: a for n, a in s["attributes"].items() if n != name}}
        for s in sources
    ]


def test_attributes_that_config_model_and_sequences_do_not_share(trained: Shop) -> None:
    from tests.shop import CONFIG

    fewer = {**CONFIG["events"], "sources": _without("channel", CONFIG["events"]["sources"])}
    shop = trained.again("shop", events=fewer)
    shop.must("prepare")
    for verb in ("evaluate", "score"):
        refused(shop.run(verb), 4, "models:/shop/1 reads channel, which the sequences do not have")
    shop = trained.again("shop")
    refused(shop.run("train"), 3, "the sequences have no channel, which the config maps. Run seq")


def test_a_training_that_diverges_leaves_nothing_to_go_on_from(prepared: Shop) -> None:
    before = prepared.tree()
    done = prepared.run("train", "--training.learning_rate", "1e30", "--quiet")
    refused(done, 8, "loss became", "at epoch 1, batch", "Lower training.learning_rate")
    assert prepared.tree() == before
    assert runs(prepared) == ["FAILED"]
    assert models(prepared) == []
    again = prepared.run("train", "--training.learning_rate", "1e30", "--quiet")
    assert again == done
    prepared.must("train")
    assert runs(prepared) == ["FAILED", "FAILED", "FINISHED"]


def test_a_training_that_fails_midway_leaves_no_model(
    prepared: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.commands import train

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(train, "register", fail)
    refused(prepared.run("train", "--quiet"), 7, "No space left on device", "run the same again")
    assert (runs(prepared), models(prepared)) == (["FAILED"], [])
    monkeypatch.undo()
    done = prepared.run("train")
    assert done.status == 0
    assert "continuing the fit in" in done.err
    assert "epoch" not in done.err.split("continuing")[1]  # all epochs were done
    assert list((prepared.store / "checkpoints").iterdir()) == []
