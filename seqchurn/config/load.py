"""A YAML file and overrides in, a frozen `Config` with absolute paths out.

Defaults give way to the file and the file to the overrides. Paths in the file are relative to its
folder, paths in overrides to the working directory.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seqchurn.config.complaints import complaints
from seqchurn.config.config import Config
from seqchurn.config.knobs import find, kinds
from seqchurn.config.yaml_text import read_yaml
from seqchurn.errors import ConfigError

__all__ = ["load_config"]

_LOGGER = logging.getLogger(__name__)
_PATHS = ("path", "store")
_FREE = ("audiences",)
"""Sections without paths, whose keys are names, which may be those of paths."""


def load_config(path: Path | str, overrides: Mapping[str, Any] | None = None) -> Config:
    """The config in a file.

    Args:
        path: YAML file.
        overrides: Dotted names of fields to values that replace those of the file.

    Raises:
        ConfigError: The file, or an override, asks for something impossible.
    """
    path, overrides = Path(path), overrides or {}
    read = read_yaml(path)
    data = _anchored(read, path.absolute().parent)
    data |= {section: value for section, value in read.items() if section in _FREE}
    data.setdefault(
        "store", _absolute(Config.model_fields["store"].default, path.absolute().parent)
    )
    _drop_keys_of_replaced_kinds(data, overrides, source=str(path))
    for name, value in overrides.items():
        key = name.rpartition(".")[2]
        _set(data, name, value if name in _FREE else _anchored({key: value}, Path.cwd())[key])
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(complaints(error, source=str(path), flags=overrides)) from None


def _anchored(value: Any, folder: Path) -> Any:
    """A copy in which every `path` and `store` is absolute."""
    if isinstance(value, Mapping):
        return {
            key: _absolute(inner, folder)
            if key in _PATHS and isinstance(inner, str | Path)
            else _anchored(inner, folder)
            for key, inner in value.items()
        }
    return [_anchored(inner, folder) for inner in value] if isinstance(value, list) else value


def _absolute(path: str | Path, folder: Path) -> str:
    text = str(path)
    if not text or text.startswith("package:") or "://" in text:
        return text
    home_or_path = Path(text).expanduser() if text.startswith(("~/", "~\\")) else Path(text)
    return str((folder / home_or_path).resolve())


def _set(data: dict[str, Any], name: str, value: Any) -> None:
    *sections, key = name.split(".")
    for section in sections:
        inner = data.get(section)
        data[section] = dict(inner) if isinstance(inner, Mapping) else {}
        data = data[section]
    data[key] = value


def _drop_keys_of_replaced_kinds(
    data: dict[str, Any], overrides: Mapping[str, Any], *, source: str
) -> None:
    """Leave out what the file says of another kind than the one an override asks for."""
    for name, kind in overrides.items():
        section, _, key = name.partition(".")
        members = kinds(find((section,)).node)
        if key != "kind" or kind not in members or not isinstance(data.get(section), Mapping):
            continue
        known = members[kind]["properties"]
        foreign = {k for node in members.values() for k in node["properties"]} - set(known)
        dropped = [k for k in data[section] if k in foreign]
        if dropped:
            _LOGGER.warning(
                "%s %s leaves out %s: [%s] %s", name, kind, source, section, ", ".join(dropped)
            )
            data[section] = {k: v for k, v in copy.copy(data[section]).items() if k not in dropped}
