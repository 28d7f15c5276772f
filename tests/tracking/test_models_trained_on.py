from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import mlflow
import pytest

from seqchurn.errors import EnvironmentFailure
from seqchurn.tracking import TrainedModel, connect, find_model, models_trained_on, promote
from tests.shop import CUTOFF, Opened, Shop

AT_CUTOFF = datetime.fromisoformat(CUTOFF).replace(tzinfo=UTC)
JUST_BEFORE = AT_CUTOFF - timedelta(microseconds=1)


def bundles(shop: Shop) -> list[Path]:
    """Descriptions of the models, the oldest first."""
    found = (shop.store / "mlflow" / "artifacts").rglob("bundle.json")
    return sorted(found, key=lambda file: file.stat().st_mtime_ns)


def test_a_model_learned_from_what_lies_before_its_cutoff_only(whole_way: Opened) -> None:
    connect(whole_way.store)
    [found] = models_trained_on("shop", JUST_BEFORE, name="shop")
    assert found == TrainedModel(find_model("shop", "1"), AT_CUTOFF, champion=True)
    assert models_trained_on("shop", AT_CUTOFF, name="shop") == []


def test_versions_come_oldest_first_and_one_is_the_champion(trained: Shop) -> None:
    trained.must("train", "--training.cutoff", "2024-05-01", "--training.networks", "1")
    connect(trained.store)
    early = datetime(2024, 4, 30, tzinfo=UTC)
    found = models_trained_on("shop", early, name="shop")
    assert [(m.model.version, m.champion) for m in found] == [("1", True), ("2", False)]
    assert found[1].training_cutoff == datetime(2024, 5, 1, tzinfo=UTC)
    promote(find_model("shop", "2"))
    found = models_trained_on("shop", early, name="shop")
    assert [m.champion for m in found] == [False, True]
    assert [m.model.version for m in models_trained_on("shop", JUST_BEFORE, name="shop")] == ["1"]


def test_the_data_set_counts_and_not_the_name_of_the_model(whole_way: Opened) -> None:
    connect(whole_way.store)
    assert models_trained_on("other", JUST_BEFORE, name="shop") == []
    [found] = models_trained_on("shop", JUST_BEFORE, name="renamed since")
    assert found.model.uri == "models:/shop/1"


def test_a_version_whose_bundle_cannot_be_read_may_have_seen_anything(trained: Shop) -> None:
    [bundle] = bundles(trained)
    for damage in (lambda: bundle.write_text("{"), bundle.unlink):
        damage()
        connect(trained.store)
        [found] = models_trained_on("shop", AT_CUTOFF + timedelta(days=900), name="shop")
        assert found == TrainedModel(find_model("shop", "1"), None, champion=True)
        assert models_trained_on("other", JUST_BEFORE, name="other") == []


def test_a_store_that_refuses_is_a_failure_of_the_environment(
    whole_way: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise mlflow.MlflowException("no space left")

    connect(whole_way.store)
    monkeypatch.setattr(mlflow.MlflowClient, "search_model_versions", refuse)
    with pytest.raises(EnvironmentFailure, match=r"refused: no space left\. Check that"):
        models_trained_on("shop", JUST_BEFORE, name="shop")
