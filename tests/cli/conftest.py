"""A config on disk, and verbs that only note how they were called."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqchurn.cli.command_line import VERBS
from seqchurn.config import Config

MINIMAL = """\
name: shop
events:
  sources:
    - {kind: csv, name: orders, path: o.csv, customer_id: id, timestamp: day, event_type: order}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    return str(path)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Config, dict[str, Any]]]:
    """What the verbs were called with; they do nothing."""
    made: list[tuple[str, Config, dict[str, Any]]] = []
    for verb in VERBS:
        run = SimpleNamespace(
            run=lambda config, _verb=verb, **rest: made.append((_verb, config, rest))
        )
        monkeypatch.setitem(sys.modules, f"seqchurn.commands.{verb}", run)
    return made
