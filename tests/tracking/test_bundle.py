from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seqchurn.errors import ModelError
from seqchurn.prediction import running_waits, score_rows
from seqchurn.tracking import Bundle, connect, find_model, load_bundle, open_model, save_bundle
from seqchurn.tracking.bundle import BUNDLE_VERSION
from tests.shop import AS_OF, Opened


@pytest.fixture(scope="module")
def bundle(whole_way: Opened) -> Bundle:
    connect(whole_way.store)
    return open_model(find_model("shop", None))


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    save_bundle(bundle, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_a_bundle_comes_back_as_it_was(bundle: Bundle, folder: Path, whole_way: Opened) -> None:
    again = load_bundle(folder)
    assert (again.model.codebook, again.model.facts) == (bundle.model.codebook, bundle.model.facts)
    assert (again.model.clock, again.model.target) == (bundle.model.clock, bundle.model.target)
    assert (again.scores, again.config) == (bundle.scores, bundle.config)
    assert again.training_cutoff == "2024-05-20T00:00:00+00:00"
    sequences = whole_way.table("sequences").scan().collect()
    version = {"model_name": "shop", "model_version": "1", "run_id": "x"}
    as_of = bundle.model.clock.instant(AS_OF)
    one, two = (
        score_rows(b.model, sequences, as_of, options=b.scores, version=version)
        for b in (bundle, again)
    )
    assert one.equals(two)
    waits = [running_waits(b.model, sequences, as_of) for b in (bundle, again)]
    days = torch.linspace(0.5, 500.0, 50).double().unsqueeze(1)
    assert waits[0].wait.log_density(days).equal(waits[1].wait.log_density(days))


def test_a_bundle_predicts_without_dropout(folder: Path) -> None:
    networks = load_bundle(folder).model.networks
    assert len(networks) == 2
    assert not any(module.training for network in networks for module in network.modules())


def test_a_bundle_is_json_and_plain_tensors(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == ["bundle.json", "weights.pt"]
    weights = torch.load(folder / "weights.pt", weights_only=True)
    assert {type(value) for network in weights for value in network.values()} == {torch.Tensor}
    plain = json.loads((folder / "bundle.json").read_text())
    assert plain["schema_version"] == BUNDLE_VERSION
    assert plain["config"]["training"]["cutoff"] == "2024-05-20"


def test_a_registered_model_holds_no_pickle_but_the_tensors(whole_way: Opened) -> None:
    [folder] = (whole_way.store / "mlflow" / "artifacts" / "models").iterdir()
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert not [p.name for p in files if p.suffix in (".pkl", ".pickle", ".cloudpickle")]
    assert [p.name for p in files if zipfile.is_zipfile(p)] == ["weights.pt"]


class Planted:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("the pickle ran",))


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_a_planted_pickle_is_refused(how: str, folder: Path) -> None:
    if how == "torch":
        torch.save(Planted(), folder / "weights.pt")
    else:
        (folder / "weights.pt").write_bytes(pickle.dumps(Planted(), protocol=2))
    with pytest.raises(ModelError, match="is damaged: expected JSON and plain tensors. Run seq"):
        load_bundle(folder)


def test_a_bundle_of_another_schema_version_is_refused(folder: Path) -> None:
    plain = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**plain, "schema_version": 99}))
    with pytest.raises(
        ModelError, match=f"has schema version 99, this program reads version {BUNDLE_VERSION}"
    ):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["bundle.json", "weights.pt"])
def test_a_bundle_that_is_incomplete_or_cut_off_is_refused(name: str, folder: Path) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="is damaged: expected JSON and plain tensors"):
        load_bundle(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"holds no model bundle: no .*{name}. Run seqchurn"):
        load_bundle(folder)
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="holds no model bundle"):
        load_bundle(folder)


def without_a_key(folder: Path) -> None:
    plain = json.loads((folder / "bundle.json").read_text())
    del plain["clock"]
    (folder / "bundle.json").write_text(json.dumps(plain))


def of_another_size(folder: Path) -> None:
    weights = torch.load(folder / "weights.pt", weights_only=True)
    name = next(iter(weights[0]))
    weights[0][name] = torch.zeros(3, 3)
    torch.save(weights, folder / "weights.pt")


@pytest.mark.parametrize("damage", [without_a_key, of_another_size])
def test_a_bundle_that_does_not_fit_together_says_to_train_again(
    damage: Callable[[Path], None], folder: Path
) -> None:
    damage(folder)
    with pytest.raises(ModelError, match=r"does not fit together .*Run seqchurn train again\."):
        load_bundle(folder)
