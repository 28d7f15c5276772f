"""Imports point one way: from what is written down here on the right to what is on the left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import seqchurn

ROOT = Path(seqchurn.__file__).parent
FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))

# Names that share a line do not know each other.
ORDER = """
errors schema console progress code_version
files processes log_lines
config
storage databases
events
sequences
waits
inspection
datasets
encoders heads metrics
training baselines
prediction
evaluation
tuning
tracking
scoring
sinks
plots
reporting
commands
api
cli
"""
RANK = {name: rank for rank, line in enumerate(ORDER.split("\n")) for name in line.split()}
MAY_SEE_WHOLE_CONFIG = {"config", "commands", "api", "cli"}


def _layer(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """Each module a file imports, and the name it takes from it."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import in line {node.lineno}"
            yield from ((str(node.module), alias.name) for alias in node.names)


def _layers_imported(path: Path) -> Iterator[str]:
    for module, name in _imports(path):
        package, *inner = module.split(".")
        if package != "seqchurn":
            continue
        if inner:
            yield inner[0]
        elif name in RANK:
            yield str(name)


def test_every_package_and_module_has_its_place_in_the_order() -> None:
    unplaced = {_layer(path) for path in FILES} - set(RANK) - {"__init__"}
    assert not unplaced, f"add {unplaced} to ORDER, with one line on what goes in and out"


@pytest.mark.parametrize("path", [p for p in FILES if _layer(p) in RANK], ids=str)
def test_imports_point_one_way(path: Path) -> None:
    own = _layer(path)
    wrong = [name for name in _layers_imported(path) if name != own and RANK[name] >= RANK[own]]
    assert not wrong, f"{path} imports {wrong}"


def test_only_tracking_knows_mlflow() -> None:
    who = {_layer(p) for p in FILES for module, _ in _imports(p) if module.startswith("mlflow")}
    assert who <= {"tracking"}


def test_only_commands_and_cli_see_a_whole_config() -> None:
    whole = {("seqchurn.config", "Config"), ("seqchurn.config.config", "Config")}
    assert {_layer(p) for p in FILES if whole & set(_imports(p))} <= MAY_SEE_WHOLE_CONFIG


def test_the_package_itself_imports_nothing_until_it_is_asked() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    at_once = {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
    assert at_once <= {"__future__", "typing"}
    assert not any(isinstance(node, ast.Import) for node in tree.body)
