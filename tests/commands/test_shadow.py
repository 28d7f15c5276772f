"""A challenger that scores beside the champion, through the command line, on a small shop."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.commands.test_promote import QUICK, another, client
from tests.shop import AS_OF, Shop

SHADOW = ["--scoring.shadow", "challenger"]


@pytest.fixture
def challenged(trained: Shop) -> Shop:
    """The shop with a challenger that is another network."""
    trained.must("train", *QUICK)
    return trained


def test_a_challenger_scores_beside_the_champion_and_changes_nothing(challenged: Shop) -> None:
    before = {n: b for n, b in challenged.tree().items() if n.startswith("scores")}
    page = challenged.must("score", "--as_of", AS_OF, *SHADOW)
    tree = challenged.tree()
    assert {n: b for n, b in tree.items() if n.startswith("scores")} == before
    shadow = challenged.table("shadow", as_of=AS_OF)
    beside = shadow.scan().sort("customer_id").collect()
    scores = challenged.scores()
    assert beside["model_version"].unique().to_list() == ["2"]
    assert beside["customer_id"].equals(scores["customer_id"])
    rows = json.loads((shadow.folder / "comparison.json").read_text())
    difference = (beside["p_order_28d"] - scores["p_order_28d"]).abs().mean()
    assert difference > 0
    assert rows[1]["difference"] == pytest.approx(difference)
    assert (rows[1]["model"], rows[1]["beside"]) == ("shop version 1", "shop version 2")
    assert "models:/shop/2 beside it" in page
    assert page.count("\n28d") == 1
    challenged.must("score", "--as_of", AS_OF, *SHADOW)
    assert challenged.tree() == tree


def test_the_scores_of_a_challenger_are_those_it_gives_as_champion(challenged: Shop) -> None:
    challenged.must("score", "--as_of", AS_OF, *SHADOW)
    beside = challenged.table("shadow", as_of=AS_OF).scan().sort("customer_id").collect()
    challenged.must("promote", "--force", "a test")
    challenged.must("score", "--as_of", AS_OF)
    assert challenged.scores().equals(beside)


def test_nobody_scores_in_shadow_where_the_challenger_is_the_champion(trained: Shop) -> None:
    done = trained.run("score", "--as_of", AS_OF, *SHADOW)
    assert done.status == 0
    assert "nobody scores in shadow: challenger is version 1 itself" in done.err
    assert not (trained.store / "shadow").exists()


def test_a_shadow_that_is_missing_does_not_cost_the_scores(trained: Shop) -> None:
    client(trained).delete_registered_model_alias("shop", "challenger")
    done = trained.run("score", "--as_of", "2024-06-16", *SHADOW)
    assert done.status == 0
    assert "warning: nobody scores in shadow: " in done.err
    assert trained.table("scores", as_of="2024-06-16").exists()
    assert not (trained.store / "shadow").exists()


def test_a_shadow_whose_files_are_gone_does_not_cost_the_scores(challenged: Shop) -> None:
    source = client(challenged).get_model_version("shop", "2").source
    assert source.startswith("models:/")
    place = next((challenged.store / "mlflow").rglob(source.removeprefix("models:/")))
    shutil.rmtree(place)
    done = challenged.run("score", "--as_of", "2024-06-16", *SHADOW)
    assert done.status == 0
    assert "warning: nobody scores in shadow: " in done.err
    assert challenged.table("scores", as_of="2024-06-16").exists()


def test_a_shadow_that_a_guard_refuses_does_not_cost_the_scores(challenged: Shop) -> None:
    young = ["--guards.max_model_age_days", "0", "--guards.warn", "[score_psi]"]
    challenged.must("score", "--as_of", AS_OF)  # stays: nothing of it has changed
    done = challenged.run("score", "--as_of", AS_OF, *SHADOW, *young)
    assert done.status == 0
    assert f"no scores in shadow of {AS_OF}T00:00:00+00:00: " in done.err
    assert not challenged.table("shadow", as_of=AS_OF).exists()


def test_forget_takes_a_customer_out_of_the_shadow_as_well(trained: Shop) -> None:
    another(trained)
    trained.must("score", "--as_of", AS_OF, *SHADOW)
    page = trained.must("forget", "--customer_id", "c01")
    shadow = trained.table("shadow", as_of=AS_OF)
    assert f"scores      1 removed: {shadow.folder}" in page
    assert shadow.manifest()["total_rows"] == 59
    assert "c01" not in shadow.scan().collect()["customer_id"]
