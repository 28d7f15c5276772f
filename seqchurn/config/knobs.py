"""Every field of the config as people see it: dotted name, help, type in words, default.

Read from the JSON schema that pydantic makes of `Config`, so that help, flags and error messages
say the same. A *node* is a piece of that schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from seqchurn.config.config import Config

__all__ = ["Knob", "Spot", "find", "kinds", "knobs", "words"]

Node = Mapping[str, Any]

_REQUIRED = object()
_INSIDE = re.compile(r"\[\]\.|\.NAME\.")
_TYPES = {
    "boolean": "true or false",
    "integer": "whole number",
    "null": "null",
    "number": "number",
    "string": "text",
}
_BOUNDS = {
    "exclusiveMinimum": "above {}",
    "minimum": "at least {}",
    "exclusiveMaximum": "below {}",
    "maximum": "at most {}",
}


@dataclass(frozen=True)
class Knob:
    """A field of the config."""

    name: str
    """Dotted; `[]` stands for an item of a list, NAME for a key of one's own."""
    help: str
    words: str
    """What values it takes."""
    default: Any = _REQUIRED

    @property
    def required(self) -> bool:
        """Whether a config must give it."""
        return self.default is _REQUIRED

    @property
    def flag(self) -> bool:
        """Whether a flag can set it: it is inside no list and no mapping of names."""
        return not self.key

    @property
    def holder(self) -> str:
        """The list or mapping of names that it is inside of."""
        return _INSIDE.split(self.name, maxsplit=1)[0]

    @property
    def key(self) -> str:
        """Its name there; empty where it is inside none."""
        return "".join(_INSIDE.split(self.name, maxsplit=1)[1:])


@dataclass(frozen=True)
class Spot:
    """A place in the config."""

    names: tuple[str | int, ...]
    """Keys and list positions from the top, without the names of kinds."""
    node: Node
    """Its schema; empty where the config knows no such key."""
    parent: Node
    """Schema of what holds it."""
    kind: str | None
    """Which `kind` the holder is."""
    rivals: Mapping[str, Node]
    """All kinds that the holder could be."""


@cache
def knobs() -> tuple[Knob, ...]:
    """All fields, in the order in which data flows."""
    return tuple(_leaves("", _resolved(_schema()), {}))


@cache
def _schema() -> dict[str, Any]:
    return Config.model_json_schema()


def _resolved(node: Node) -> Node:
    """The node with references followed and `| None` folded into it."""
    if "$ref" in node:
        target = _schema()["$defs"][node["$ref"].removeprefix("#/$defs/")]
        return {**_resolved(target), **{k: v for k, v in node.items() if k != "$ref"}}
    if "anyOf" in node:
        option = next(option for option in node["anyOf"] if option.get("type") != "null")
        return {**_resolved(option), **{k: v for k, v in node.items() if k != "anyOf"}}
    return node


def kinds(node: Node) -> dict[str, Node]:
    """Members of a discriminated union by their `kind`; empty for any other node."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    return {kind: _resolved({"$ref": reference}) for kind, reference in mapping.items()}


def find(location: tuple[str | int, ...]) -> Spot:
    """The place that pydantic means by the location of an error."""
    names: list[str | int] = []
    spot = Spot((), _resolved(_schema()), {}, None, {})
    for part in location:
        members = kinds(spot.node)
        if part in members:
            spot = Spot(tuple(names), members[str(part)], {}, str(part), members)
        elif part == "[key]":
            spot = replace(spot, node={"type": "string"})
        else:
            names.append(part if "items" in spot.node else str(part))
            kind, rivals = (spot.kind, spot.rivals) if not spot.parent else (None, {})
            spot = Spot(tuple(names), _child(spot.node, part), spot.node, kind, rivals)
    return spot


def _child(node: Node, part: str | int) -> Node:
    if isinstance(part, int) and "items" in node:
        return _resolved(node["items"])
    known = node.get("properties", {})
    return _resolved(known[part] if part in known else node.get("additionalProperties") or {})


def words(node: Node) -> str:
    """What values a node takes, in words.

    >>> words({"type": "integer", "exclusiveMinimum": 0})
    'whole number above 0'
    """
    if "words" in node:
        return str(node["words"])
    if members := kinds(node):
        return f"mapping with kind {_either(members)}"
    if "enum" in node or "const" in node:
        return _either(node.get("enum") or [node["const"]])
    if node.get("type") == "array":
        return f"list, each {words(_resolved(node['items']))}"
    if node.get("type") == "object":
        inner = _resolved(node.get("additionalProperties") or {})
        return f"mapping, each {words(inner)}" if inner else "mapping"
    if node.get("format") == "path":
        return "path"
    bounds = [text.format(_plain(node[key])) for key, text in _BOUNDS.items() if key in node]
    return " ".join([_TYPES.get(node.get("type", ""), "value"), " and ".join(bounds)]).strip()


def _either(options: Any) -> str:
    *rest, last = map(str, options)
    return f"{', '.join(rest)} or {last}" if rest else last


def _plain(number: float) -> str:
    return f"{number:g}"


def _leaves(prefix: str, node: Node, default: Any) -> Iterator[Knob]:
    """Fields at or below a node; `default` is what the node above says of it."""
    dot = f"{prefix}." if prefix else ""
    if members := kinds(node):
        yield from _union(dot, node, members)
    elif "properties" in node:
        for key, child in node["properties"].items():
            yield from _leaves(f"{dot}{key}", _resolved(child), child.get("default", _REQUIRED))
    else:
        yield Knob(prefix, node.get("description", ""), words(node), default)
        inside = node.get("items") or node.get("additionalProperties")
        if inside and (kinds(inner := _resolved(inside)) or "properties" in inner):
            yield from _leaves(f"{prefix}[]" if "items" in node else f"{dot}NAME", inner, _REQUIRED)


def _union(dot: str, node: Node, members: Mapping[str, Node]) -> Iterator[Knob]:
    meaning = "; ".join(f"{kind}: {member['description']}" for kind, member in members.items())
    default = node.get("default", {}).get("kind", _REQUIRED)
    yield Knob(f"{dot}kind", meaning.replace(".;", ";"), _either(members), default)
    fields = {key: child for m in members.values() for key, child in m["properties"].items()}
    for key, child in fields.items():
        if key != "kind":
            only = _owners(key, members)
            for knob in _leaves(f"{dot}{key}", _resolved(child), child.get("default", _REQUIRED)):
                yield replace(knob, help=knob.help + only)


def _owners(key: str, members: Mapping[str, Node]) -> str:
    """Which kinds have a key, in the fewest words."""
    has = [kind for kind, member in members.items() if key in member["properties"]]
    lacks = [kind for kind in members if kind not in has]
    if not lacks:
        return ""
    return f" Not for {_either(lacks)}." if len(lacks) < len(has) else f" Only for {_either(has)}."
