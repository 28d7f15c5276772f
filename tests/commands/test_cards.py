"""The model card and the data sheet of a registered version, on a small shop."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import polars as pl
import pytest

import seqchurn as sc
from seqchurn.commands import cards
from seqchurn.tracking import connect
from tests.shop import CONFIG, CUTOFF, Opened, Shop, draw_logs

QUICK = ["--training.max_epochs", "1", "--training.networks", "1"]


def version_of(shop: Shop, version: str = "1") -> Any:
    connect(shop.store)
    return mlflow.MlflowClient().get_model_version("shop", version)


def files(shop: Shop, version: str = "1") -> Path:
    run = version_of(shop, version).run_id
    return Path(mlflow.get_run(run).info.artifact_uri.removeprefix("file://"))


def card(shop: Shop, version: str = "1") -> str:
    return (files(shop, version) / "model_card.md").read_text(encoding="utf-8")


def sheet(shop: Shop, version: str = "1") -> str:
    return (files(shop, version) / "data_sheet.md").read_text(encoding="utf-8")


def test_a_new_version_has_a_card_that_says_what_is_missing(trained: Shop) -> None:
    trained.must("train", *QUICK)
    said = card(trained, "2")
    assert said.startswith("# Model card: shop, version 2\n\n- **model**: models:/shop/2, run ")
    assert f"what came before {CUTOFF}T00:00:00+00:00" in said
    assert "**network**: 1 x lstm of size " in said
    assert "It was not evaluated yet: seqchurn evaluate does." in said
    assert "Nothing was decided yet: seqchurn promote does." in said


def test_evaluation_and_decision_come_into_the_card(whole_way: Opened) -> None:
    said = card(whole_way)
    assert re.findall("^## (.*)$", said, re.MULTILINE) == [
        "What it is for",
        "How well it does",
        "For whom",
        "May it score?",
        "What to beware of",
    ]
    assert f"Asked at {CUTOFF}T00:00:00+00:00 of shop, and held against" in said
    assert whole_way.said is not None
    [loss] = re.findall(r"28d .*?seqchurn lstm +\S+ +(\S+?)\*? ", whole_way.said["evaluate"])[:1]
    within = said.split("### An order within 28d")[1].split("###")[0]
    assert re.search(rf"\| seqchurn lstm \| \S+ \| {re.escape(loss)} \|", within)
    assert "| decision | promoted |" in said
    assert re.search(r"\| log\\_loss 28d \| \S+ \| \S+ \| passed \|", said)


def test_a_refusal_is_in_the_card_too(trained: Shop) -> None:
    trained.must("train", *QUICK)
    refused = trained.run("promote", "--gates.max_ece", "0", "--gates.max_ece_cohort", "0")
    assert refused.status == 4
    assert "| decision | refused |" in card(trained, "2")
    assert "| FAILED |" in card(trained, "2")
    assert "| decision | promoted |" in card(trained, "1")


def test_who_steps_down_has_it_in_the_card(trained: Shop) -> None:
    trained.must("train", *QUICK)
    trained.must("promote", "--force", "to try it")
    assert "| reason | to try it |" in card(trained, "2")
    assert "| rolled back at | - |" in card(trained, "2")
    trained.must("rollback")
    assert re.search(r"\| rolled back at \| 20\d\d-", card(trained, "2"))


def test_mlflow_shows_its_head_unless_somebody_wrote_there(trained: Shop) -> None:
    described = version_of(trained).description
    assert described.startswith("- **model**: models:/shop/1, run ")
    assert described in card(trained)
    client = mlflow.MlflowClient()
    client.update_model_version("shop", "1", description="Reviewed: not for Denmark.")
    trained.must("evaluate")
    assert version_of(trained).description == "Reviewed: not for Denmark."


def test_a_loaded_model_gives_its_card_whatever_was_opened_since(
    trained: Shop, empty_mlflow: Path
) -> None:
    model = sc.load_model("models:/shop/1", store=trained.store)
    connect(empty_mlflow.parent)
    assert model.card() == card(trained)


def test_an_evaluation_that_cannot_be_read_any_more_is_left_out(trained: Shop) -> None:
    run = version_of(trained).tags["seqchurn.evaluation_run"]
    place = Path(mlflow.get_run(run).info.artifact_uri.removeprefix("file://"))
    (place / "differences.json").write_text("[{", encoding="utf-8")
    trained.must("train", *QUICK)
    trained.must("promote", "--force", "to try it")
    done = trained.run("promote", "--model_version", "1", "--force", "to go back")
    assert done.status == 0
    assert f"the tables of evaluation run {run} cannot be read" in done.err
    assert "It was not evaluated yet" in card(trained)
    assert "| reason | to go back |" in card(trained)


def test_a_version_of_a_new_registry_has_nothing_of_an_old_one(trained: Shop) -> None:
    connect(trained.store)
    mlflow.MlflowClient().delete_registered_model("shop")
    trained.must("train", *QUICK)
    assert "It was not evaluated yet" in card(trained, "1")


def test_what_was_noted_while_a_card_was_written_comes_into_it(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.must("train", *QUICK)
    kept, calls = cards.keep_card, []

    def beside_another(*args: Any, **kwargs: Any) -> None:
        if not calls:
            client = mlflow.MlflowClient()
            client.set_model_version_tag("shop", "2", "seqchurn.decision", "forced")
        calls.append(args)
        kept(*args, **kwargs)

    monkeypatch.setattr(cards, "keep_card", beside_another)
    trained.must("evaluate", "--model_version", "2")
    assert len(calls) == 2
    assert "| decision | forced |" in card(trained, "2")


def test_the_data_sheet_counts_what_was_read_and_refused(whole_way: Opened) -> None:
    said = sheet(whole_way).replace("\\", "")
    events = whole_way.table("events").manifest()
    for kind, count in events["events_per_type"].items():
        assert f"| {kind} | {count:,} |" in said
    for rule, count in events["quarantined"]["orders"].items():
        assert re.search(rf"\| orders \| {re.escape(rule)}.* \| {count} \|", said)
    assert f"- **customers**: {events['n_customers']:,}\n" in said
    assert "| amount | events | numbers |" in said
    assert re.search(r"\| channel \| events \| \d+ categories", said)


def test_the_sheet_holds_no_row_no_id_no_value_and_no_path(
    open_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    orders, visits, people = draw_logs()
    (tmp_path / "secret.csv").write_text("channel,margin\nweb,1\nshop,2\n")
    source = {
        **CONFIG["events"]["sources"][0],
        "where": "who <> 'c07'",
        "lookup": {"path": str(tmp_path / "secret.csv"), "on": "channel", "columns": ["margin"]},
        "event_type": None,
        "event_type_column": "kind",
    }
    kinds = ["order"] * 300 + [f"mail of c{i}@example.com" for i in range(orders.height - 300)]
    config = {**CONFIG["events"], "sources": [source]}
    logs = (orders.with_columns(kind=pl.Series(kinds)), visits, people)
    shop = open_shop(tmp_path / "shop", *logs, events=config)
    shop.must("prepare")
    shop.must("train", *QUICK)
    said = sheet(shop).replace("\\", "")
    assert "joined with a table by channel; some left out by a condition" in said
    for planted in ("c07", "secret", str(tmp_path), "web"):
        assert not re.search(rf"(?<!\w){re.escape(planted)}(?!\w)", said), planted
    assert said.count("mail of") <= 20
    assert re.search(r"\| \d+ others \| \d+ \|", said)


def test_without_a_run_the_decision_stands_and_a_warning_tells(trained: Shop) -> None:
    trained.must("train", *QUICK)
    place = files(trained, "2")
    shutil.rmtree(place)
    place.write_text("")  # below a file nothing can be written
    done = trained.run("promote", "--force", "try it")
    assert (done.status, "is now version 2" in done.out) == (0, True), done.err
    assert "the model card of models:/shop/2 was not written: NotADirectoryError" in done.err


@pytest.mark.parametrize("verb", ["evaluate", "promote"])
def test_a_version_of_before_cards_gets_one_too(verb: str, trained: Shop) -> None:
    trained.must("train", *QUICK)
    place = files(trained, "2")
    (place / "model_card.md").unlink()
    mlflow.MlflowClient().delete_tag(place.parent.name, "seqchurn.code")
    done = trained.run(verb, *(["--force", "again"] if verb == "promote" else []))
    assert (done.status, "was not written" in done.err) == (0, False)
    assert "**program**: -" in card(trained, "2")
