"""The model card and the data sheet of a registered version, on a small shop."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import mlflow
import pytest

import seqchurn as sc
from seqchurn.tracking import connect
from tests.shop import CUTOFF, Opened, Shop

QUICK = ["--training.max_epochs", "1", "--training.networks", "1"]


def file(shop: Shop, name: str, version: str = "1") -> str:
    connect(shop.store)
    run = mlflow.MlflowClient().get_model_version("shop", version).run_id
    return str(mlflow.artifacts.load_text(f"runs:/{run}/{name}"))


def artifacts(shop: Shop, version: str) -> Path:
    connect(shop.store)
    run = mlflow.MlflowClient().get_model_version("shop", version).run_id
    return Path(mlflow.get_run(run).info.artifact_uri.removeprefix("file://"))


def card(shop: Shop, version: str = "1") -> str:
    return file(shop, "model_card.md", version)


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


def test_mlflow_shows_its_head_and_the_loaded_model_gives_the_whole(whole_way: Opened) -> None:
    model = sc.load_model("models:/shop/1", store=whole_way.store)
    assert model.card() == card(whole_way)
    described = mlflow.MlflowClient().get_model_version("shop", "1").description
    assert described.startswith("- **model**: models:/shop/1, run ")
    assert described in model.card()


def test_the_data_sheet_counts_what_was_read_and_refused(whole_way: Opened) -> None:
    sheet = file(whole_way, "data_sheet.md")
    plain = sheet.replace("\\", "")
    events = whole_way.table("events").manifest()
    for kind, count in events["events_per_type"].items():
        assert f"| {kind} | {count:,} |" in sheet
    for rule, count in events["quarantined"]["orders"].items():
        assert re.search(rf"\| orders \| {re.escape(rule)}.* \| {count} \|", plain)
    assert f"{events['n_customers']:,}" in sheet
    assert re.search(r"\| amount \| events \| numbers \|", sheet)
    assert re.search(r"\| channel \| events \| \d+ categories", sheet)


def test_the_sheet_holds_no_row_no_id_and_no_value(whole_way: Opened) -> None:
    sheet = file(whole_way, "data_sheet.md") + card(whole_way)
    events = whole_way.table("events").scan().collect()
    assert [who for who in events["customer_id"].unique() if who in sheet.split()] == []
    assert "web" not in sheet


def test_without_a_run_the_decision_stands_and_a_warning_tells(trained: Shop) -> None:
    trained.must("train", *QUICK)
    connect(trained.store)
    place = artifacts(trained, "2")
    shutil.rmtree(place)
    place.write_text("")  # below a file nothing can be written
    done = trained.run("promote", "--force", "try it")
    assert done.status == 0, done.err
    assert "is now version 2" in done.out
    assert "the model card of models:/shop/2 was not written" in done.err


@pytest.mark.parametrize("verb", ["evaluate", "promote"])
def test_a_version_of_before_cards_gets_one_too(verb: str, trained: Shop) -> None:
    """Nothing of what `train` writes for the card is there."""
    trained.must("train", *QUICK)
    place = artifacts(trained, "2")
    (place / "model_card.md").unlink()
    mlflow.MlflowClient().delete_tag(place.parent.name, "seqchurn.code")
    done = trained.run(verb, *(["--force", "again"] if verb == "promote" else []))
    assert (done.status, "was not written" in done.err) == (0, False)
    assert "**program**: -" in card(trained, "2")
