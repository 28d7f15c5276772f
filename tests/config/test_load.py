from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from seqchurn.config import Config, load_config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.errors import ConfigError

Write = Callable[..., Path]


def test_overrides_win_over_the_file_and_the_file_over_defaults(write: Write) -> None:
    path = write("training: {max_epochs: 5, patience: 2}\n")
    config = load_config(path, {"training.max_epochs": 3})
    assert config.training.max_epochs == 3
    assert config.training.patience == 2
    assert config.training.seed == 0


def test_a_dumped_config_loads_as_an_equal_one(write: Write, tmp_path: Path) -> None:
    config = load_config(
        write("training: {cutoff: 2017-10-01}\nencoder: {kind: gru}\n"),
        {"name": "1.5", "tracking.model": "on", "training.learning_rate": 1e-7},
    )
    elsewhere = tmp_path / "deeper" / "again.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(to_yaml(config), encoding="utf-8")
    assert load_config(elsewhere) == config


def test_paths_in_a_file_are_relative_to_its_folder(write: Write, tmp_path: Path) -> None:
    config = load_config(write("store: ../out\n"))
    assert config.store == tmp_path.parent / "out"
    assert config.events.sources[0].path == str(tmp_path / "raw/orders.csv")


def test_the_default_store_lies_beside_the_file(write: Write, tmp_path: Path) -> None:
    assert load_config(write()).store == tmp_path / "data"


def test_paths_in_overrides_are_relative_to_the_working_directory(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assert load_config(write(), {"store": "out"}).store == work / "out"


def test_home_absolute_and_package_paths_stay_what_they_are(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = write().read_text(encoding="utf-8")
    package = write(text=text.replace("raw/orders.csv", "package:shop/orders.csv"))
    assert load_config(package).events.sources[0].path == "package:shop/orders.csv"
    home = write(text=text.replace("raw/orders.csv", "~/orders-*.csv"))
    assert load_config(home).events.sources[0].path == str(tmp_path / "home/orders-*.csv")
    assert load_config(home, {"store": tmp_path / "x"}).store == tmp_path / "x"


def test_a_lookup_path_is_made_absolute_and_an_attribute_named_path_is_not(
    write: Write, tmp_path: Path
) -> None:
    more = """\
      lookup: {path: raw/products.csv, on: product, columns: [path]}
      attributes: {path: {column: path}}
"""
    source = load_config(write(more)).events.sources[0]
    assert source.model_dump()["lookup"]["path"] == str(tmp_path / "raw/products.csv")
    assert source.attributes["path"].column == "path"


def test_a_section_without_kind_is_of_the_default_kind(write: Write) -> None:
    config = load_config(write("head: {components: 3}\n"), {"encoder.hidden_size": "32"})
    assert (config.head.kind, config.head.model_dump()["components"]) == ("loglogistic_mixture", 3)
    assert (config.encoder.kind, config.encoder.hidden_size) == ("lstm", 32)


def test_an_override_of_kind_leaves_out_what_the_file_says_of_the_other_kind_and_says_so(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("head: {kind: loglogistic_mixture, components: 3, hidden_size: 16}\n")
    with caplog.at_level(logging.WARNING):
        head = load_config(path, {"head.kind": "weibull"}).head
    assert (head.kind, head.hidden_size) == ("weibull", 16)
    assert "head.kind weibull leaves out" in caplog.text
    assert "[head] components" in caplog.text


def test_loading_changes_neither_the_file_nor_the_overrides(write: Write) -> None:
    path = write("training: {seed: 1}\n")
    before, overrides = path.read_text(encoding="utf-8"), {"training.seed": 2}
    load_config(path, overrides)
    assert (path.read_text(encoding="utf-8"), overrides) == (before, {"training.seed": 2})


def test_words_that_yaml_would_guess_at_stay_text(write: Write) -> None:
    more = """\
      lookup: {path: p.csv, on: no, key: 12:30, columns: [yes, 0012, 2017-10-01]}
training: {learning_rate: 1e-3}
"""
    config = load_config(write(more))
    lookup = config.events.sources[0].model_dump()["lookup"]
    assert (lookup["on"], lookup["key"]) == ("no", "12:30")
    assert lookup["columns"] == ["yes", "0012", "2017-10-01"]
    assert config.training.learning_rate == 1e-3


@pytest.mark.parametrize(
    "path",
    sorted((Path(__file__).parents[2] / "configs").glob("*.yaml")),
    ids=lambda path: path.name,
)
def test_every_shipped_config_loads_and_round_trips(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    again = tmp_path / "again.yaml"
    again.write_text(to_yaml(config), encoding="utf-8")
    assert load_config(again) == config
    assert Config.model_validate(yaml.safe_load(to_yaml(config))) == config


def test_a_missing_file_is_named_and_a_similar_one_suggested(write: Write) -> None:
    path = write()
    with pytest.raises(ConfigError, match=r"shp\.yaml does not exist\. Did you mean .*shop\.yaml"):
        load_config(path.with_name("shp.yaml"))


def test_a_folder_is_not_a_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("? [a, b]\n: 1\n", r"shop\.yaml:10:3: not YAML: a key is a sequence; expected text"),
        ("training: {{a: 1}: 2}\n", r"shop\.yaml:10:12: not YAML: a key is a mapping; expected"),
        ("training: &self [*self]\n", r"shop\.yaml:10:11: not YAML: an anchor holds itself"),
        ("training: &self {seed: *self}\n", r"shop\.yaml:10:11: not YAML: an anchor holds itself"),
    ],
)
def test_yaml_that_no_config_can_be_is_refused(write: Write, more: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_config(write(more))


def test_an_anchor_may_be_used_again(write: Write) -> None:
    more = "evaluation: {horizons: [&week 7d, 28d]}\nscoring: {churn_horizon: *week}\n"
    config = load_config(write(more))
    assert (config.evaluation.horizons, config.scoring.churn_horizon) == (["7d", "28d"], "7d")
