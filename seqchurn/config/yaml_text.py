"""A YAML file in, a plain mapping out; and a config back to YAML text.

Of YAML's guesses only null and numbers remain: `on`, `no`, dates and `12:30` stay the text they
look like, and a key written twice is an error.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from seqchurn.config.config import Config
from seqchurn.errors import ConfigError

__all__ = ["parse_yaml", "read_yaml", "to_yaml", "yaml_of"]

_PLAINER = {"found unconstructable recursive node": "an anchor holds itself"}


class _Loader(yaml.SafeLoader):
    """YAML with fewer guesses, all of them understood by YAML's own dumper."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {
        first: [
            (f"tag:yaml.org,2002:{kind}", re.compile(rf"(?:{pattern})$"))
            for kind, pattern, firsts in (
                ("null", "null|~|", ["n", "~", ""]),
                ("int", "[-+]?(?:0|[1-9][0-9]*)", [*"-+0123456789"]),
                ("float", r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?", [*"-+0123456789"]),
                ("merge", "<<", ["<"]),
            )
            if first in firsts
        ]
        for first in ["n", "~", "", "<", *"-+0123456789"]
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.deep_construct = True  # refuses an anchor that holds itself

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem=f"a key is a {key.id}; expected text", problem_mark=key.start_mark
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value} is written twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def parse_yaml(text: str) -> Any:
    """Value that a YAML text stands for.

    Raises:
        yaml.YAMLError: The text is not YAML.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)


def read_yaml(path: Path) -> dict[str, Any]:
    """Mapping in a config file.

    Raises:
        ConfigError: No such file, not readable, not YAML, or not a mapping of sections.
    """
    try:
        data = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. {_neighbour(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path} cannot be read: {reason}. Give a YAML file.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_problem(error)}. Correct the YAML there.") from None
    if not isinstance(data, dict):
        found = "nothing" if data is None else type(data).__name__
        raise ConfigError(
            f"{path} has {found} at its top; expected sections such as `events:` and `training:`."
        )
    return data


def to_yaml(config: Config) -> str:
    """Text that loads as an equal config, sections in their order."""
    return yaml_of(config.model_dump(mode="json"))


def yaml_of(data: Mapping[str, Any]) -> str:
    """Text of a plain mapping, or of some sections, keys in their order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f": not YAML: {error}"
    problem = getattr(error, "problem", None) or "not YAML"
    problem = _PLAINER.get(problem, problem)
    return f":{mark.line + 1}:{mark.column + 1}: not YAML: {problem}"


def _neighbour(path: Path) -> str:
    near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.y*ml")], n=1)
    if near:
        return f"Did you mean {path.parent / near[0]}?"
    return "Give the path of a config file, such as configs/demo.yaml."
