"""What pydantic found wrong with a config in, sentences for the person who wrote it out.

Each sentence has the place (file or flag, section and key), the value found, what was expected
and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seqchurn.config.knobs import Spot, find, knobs, words
from seqchurn.config.run_arguments import takers

__all__ = ["complaints", "nearest"]

_AT_MOST = 8


def complaints(error: ValidationError, *, source: str, flags: Collection[str]) -> str:
    """One sentence a line on what is wrong.

    Args:
        error: What pydantic raised.
        source: The config file, as the user named it.
        flags: Dotted names of the fields that came from flags and not from the file.
    """
    found = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
    lines = list(dict.fromkeys(_sentence(details, source, flags) for details in found))
    more = len(lines) - _AT_MOST
    return "\n".join(lines[:_AT_MOST] + ([f"... and {more} more."] if more > 0 else []))


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant.

    >>> nearest("max_epoch", ["max_epochs", "patience"])
    'max_epochs'
    """
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)


def _sentence(details: ErrorDetails, source: str, flags: Collection[str]) -> str:
    spot = find(details["loc"])
    where = _place(spot, source, flags)
    match details["type"]:
        case "extra_forbidden":
            return f"{where} {_unknown(spot)}"
        case "missing":
            return f"{where} is missing; expected: {words(spot.node)}{_meaning(spot)}. Add it."
        case "union_tag_invalid" | "union_tag_not_found":
            return f"{where} {_without_kind(details, spot)}"
        case "value_error":
            return f"{where}: {details['msg'].removeprefix('Value error, ')}."
    expected = words(spot.node) if spot.node else details["msg"].lower()
    if details["type"] == "too_short":
        expected = f"at least one; {expected}"
    if details["type"] == "string_type" and isinstance(details["input"], int | float):
        return f"{where} is the number {details['input']}; expected: {expected}. Put it in quotes."
    return f"{where} is {_shown(details['input'])}; expected: {expected}. {_remedy(spot)}"


def _place(spot: Spot, source: str, flags: Collection[str]) -> str:
    path = ""
    for name in spot.names:
        path += f"[{name}]" if isinstance(name, int) else f".{name}" if path else name
    for flag in flags:
        if path == flag or path.startswith((f"{flag}.", f"{flag}[")):
            return f"--{path}"
    section, _, key = path.partition(".")
    if key:
        return f"{source}: [{section}] {key}"
    return f"{source}: {path}" if path else f"{source}:"


def _unknown(spot: Spot) -> str:
    key = str(spot.names[-1])
    if verbs := takers(key):
        return f"is a run argument: pass it as --{key} to {', '.join(verbs)}."
    owners = [kind for kind, node in spot.rivals.items() if key in node["properties"]]
    if owners:
        return (
            f"belongs to kind {' or '.join(owners)}; expected: keys of kind {spot.kind}. "
            "Remove it or change the kind."
        )
    known = list(spot.parent.get("properties", {}))
    if near := nearest(key, known):
        return f"is not a key here. Did you mean {near}?"
    elsewhere = [knob.name for knob in knobs() if knob.name.split(".")[-1] == key]
    if elsewhere:
        return f"is not a key here. Did you mean {' or '.join(elsewhere)}?"
    return f"is not a key here; expected: {', '.join(known)}. Remove it."


def _without_kind(details: ErrorDetails, spot: Spot) -> str:
    expected = words(spot.node)
    if details["type"] == "union_tag_not_found":
        return f"has no kind; expected: {expected}. Add it."
    kind = str(details.get("ctx", {}).get("tag"))
    near = nearest(kind, list(spot.node["discriminator"]["mapping"]))
    remedy = f"Did you mean {near}?" if near else "Correct it."
    return f"has kind {kind}; expected: {expected}. {remedy}"


def _meaning(spot: Spot) -> str:
    help_text = spot.node.get("description")
    return f" ({' '.join(help_text.split()).rstrip('.')})" if help_text else ""


def _remedy(spot: Spot) -> str:
    default: Any = spot.node.get("default")
    if default is None or isinstance(default, dict | list):
        return "Correct it."
    return f"Correct it, or remove it for the default, {default!r}."


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
