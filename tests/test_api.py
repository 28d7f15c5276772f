"""What a notebook calls is what the command line does."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest

import seqchurn as sc
from seqchurn.errors import DataError
from tests.shop import AS_OF, CUTOFF, Opened, Shop


def test_the_tables_of_a_store_are_those_that_were_published(whole_way: Opened) -> None:
    store = sc.open_store(sc.load_config(whole_way.config))
    for kind, found in (("events", store.events()), ("sequences", store.sequences())):
        assert found.equals(whole_way.table(kind).scan().collect())
        assert f"{kind} " in store._repr_html_()
    assert store.scores().sort("customer_id").equals(whole_way.scores())
    assert store.scores(AS_OF).equals(store.scores())
    assert store.quarantine()["source"].unique().to_list() == ["orders"]
    assert store.quarantine().height == sum(
        store.contents().manifest["quarantined"]["orders"].values()
    )
    assert store.events(["c01", "c02"])["customer_id"].unique().sort().to_list() == ["c01", "c02"]
    assert store.sequences(["c01"]).height == store.scores(customer_ids=["c01"]).height == 1


def test_a_table_that_is_not_there_is_told(shop: Shop) -> None:
    store = sc.open_store(sc.load_config(shop.config))
    with pytest.raises(DataError, match="Run seqchurn prepare"):
        store.events()
    with pytest.raises(DataError, match="Run seqchurn score"):
        store.scores()
    assert "events" in store._repr_html_()


def test_evaluate_returns_what_the_command_line_writes(trained: Shop) -> None:
    printed = trained.must("evaluate")
    found = sc.evaluate(sc.load_config(trained.config))
    assert f"{found}\n" == printed
    rows = json.loads((found.folder / "evaluation.json").read_text())
    assert found.assessment.scores == rows
    assert found.folder.name == f"cutoff={CUTOFF}"
    assert found._repr_html_().startswith("<pre>shop, cutoff 2024-05-20")


def test_train_returns_a_model_that_scores_as_the_one_in_the_registry(trained: Shop) -> None:
    config = sc.load_config(trained.config, {"training.max_epochs": 1, "training.networks": 1})
    model = sc.train(config)
    assert model.registered.uri == "models:/shop/2"
    assert sc.train(config).registered == model.registered
    events = sc.open_store(config).events()
    again = sc.load_model("models:/shop@challenger", store=config.store)
    assert model.predict(events, as_of=AS_OF).equals(again.predict(events, as_of=AS_OF))
    assert model.wait("c00", AS_OF).p_never == again.wait("c00", AS_OF).p_never
    assert "models:/shop/2, run " in model._repr_html_()


def test_backtest_returns_what_the_command_line_writes(trained: Shop) -> None:
    flags = {"backtest.cutoffs": 2, "training.max_epochs": 1, "training.networks": 1}
    found = sc.backtest(sc.load_config(trained.config, flags))
    assert json.loads((found.folder / "backtest.json").read_text()) == found.scores
    assert isinstance(found.comparison, pl.DataFrame)
    assert str(found).endswith(f"report  {found.folder}")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, seqchurn; dir(seqchurn); print({*sys.modules} & {*sys.argv})"
    heavy = ["torch", "polars", "mlflow", "pydantic"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'seqchurn' has no attribute 'predict'"):
        _ = sc.predict
    assert set(sc.__all__) == set(dir(sc))
