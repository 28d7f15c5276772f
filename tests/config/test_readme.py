from __future__ import annotations

import re
from pathlib import Path

from seqchurn.config import load_config

README = Path(__file__).parents[2] / "README.md"


def test_the_config_in_the_readme_loads(tmp_path: Path) -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "my_shop.yaml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path / "my_shop.yaml")
    assert config.events.sources[0].path == str(tmp_path / "orders.csv")
    assert config.waits.timezone == "Europe/Berlin"


def test_every_folder_of_the_package_stands_in_the_tree_of_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    package = README.parent / "seqchurn"
    folders = [path.name for path in package.iterdir() if (path / "__init__.py").exists()]
    assert [name for name in folders if f"\n  {name}/" not in text] == []
