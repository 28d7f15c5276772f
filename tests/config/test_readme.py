"""What the READMEs show is what the program takes."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
import yaml

from seqchurn.config import load_config
from seqchurn.config.sources import Source
from seqchurn.config.units import duration_days
from tests.documents import ROOT, as_config, shown

READMES = ["README.md", "configs/README.md", "data/README.md"]
BLOCKS = {place: block for readme in READMES for place, block in shown(readme).items()}
KINDS = [get_args(c.model_fields["kind"].annotation)[0] for c in get_args(get_args(Source)[0])]


def test_the_config_in_the_readme_loads(tmp_path: Path) -> None:
    text = next(iter(shown("README.md").values()))
    (tmp_path / "my_shop.yaml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path / "my_shop.yaml")
    assert config.events.sources[0].path == str(tmp_path / "orders.csv")
    assert config.waits.timezone == "Europe/Berlin"


@pytest.mark.parametrize("place", BLOCKS)
def test_every_piece_of_config_in_a_readme_loads(place: str, tmp_path: Path) -> None:
    block = BLOCKS[place]
    config = as_config(block)
    text = block if block.startswith("name:") else yaml.safe_dump(config, sort_keys=False)
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    loaded = load_config(tmp_path / "shop.yaml").events.sources
    assert [s.name for s in loaded] == [s["name"] for s in config["events"]["sources"]]


def test_no_piece_of_config_is_overlooked() -> None:
    assert len(BLOCKS) >= 10  # as many as there were when this was written


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_is_told_in_a_readme(kind: str) -> None:
    texts = [(ROOT / readme).read_text(encoding="utf-8") for readme in READMES]
    assert any(f"kind: {kind}" in text or f"`{kind}`" in text for text in texts)


def test_every_folder_of_the_package_stands_in_the_tree_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = [
        path.name for path in (ROOT / "seqchurn").iterdir() if (path / "__init__.py").exists()
    ]
    assert [name for name in folders if f"\n  {name}/" not in text] == []


def test_what_production_yaml_shows_is_not_scored_in_sample() -> None:
    file = ROOT / "configs" / "production.yaml"
    shown_as_of = re.search(r"score --config \S+ --as_of (\S+)", file.read_text(encoding="utf-8"))
    config = load_config(file)
    assert shown_as_of is not None
    assert config.waits.complete_until is not None
    assert config.training.held_back is not None
    end, as_of = map(date.fromisoformat, (config.waits.complete_until, shown_as_of[1]))
    assert end - timedelta(days=duration_days(config.training.held_back)) <= as_of
