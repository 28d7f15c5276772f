"""Every field of the config as a flag `--section.key value`.

Fields become arguments of a jsonargparse parser, and what was given becomes overrides for
`load_config`. Values are judged there, by pydantic, and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from functools import cache
from itertools import groupby
from typing import Any

import yaml
from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from seqchurn.config.config import Config
from seqchurn.config.knobs import Knob, knobs
from seqchurn.config.yaml_text import parse_yaml

__all__ = ["HelpFormatter", "add_config_flags", "given_overrides"]


_INDENT = " " * 22


class HelpFormatter(argparse.RawDescriptionHelpFormatter, DefaultHelpFormatter):
    """Prints help as it was written: types and defaults are in the texts already."""

    def _get_help_string(self, action: argparse.Action) -> str:
        return action.help or ""


def add_config_flags(parser: ArgumentParser) -> None:
    """Add an argument for every field, grouped by section in the order in which data flows."""
    for section, members in groupby(knobs(), key=_section):
        fields = list(members)
        group = parser.add_argument_group(_title(section))
        for knob in fields:
            if knob.flag:
                group.add_argument(
                    f"--{knob.name}",
                    metavar="VALUE",
                    default=argparse.SUPPRESS,
                    help=_help(knob),
                )
        inside = [knob for knob in fields if not knob.flag]
        if inside:
            title = f"keys of each item of {inside[0].holder}"
            parser.add_argument_group(title, "\n".join(map(_listed, inside)))


def given_overrides(arguments: Namespace) -> dict[str, Any]:
    """The fields that flags set, by dotted name."""
    given = vars(arguments.as_flat())
    return {knob.name: _value(given[knob.name]) for knob in knobs() if knob.name in given}


def _value(text: str) -> Any:
    """Lists, mappings and null as YAML; all else as text, which pydantic reads by the field."""
    if text == "null" or text.startswith(("[", "{")):
        try:
            return parse_yaml(text)
        except yaml.YAMLError:
            return text
    return text


def _section(knob: Knob) -> str:
    section = knob.name.partition(".")[0]
    return section if section in _sections() else ""


@cache
def _sections() -> frozenset[str]:
    return frozenset(knob.name.partition(".")[0] for knob in knobs() if "." in knob.name)


def _title(section: str) -> str:
    if not section:
        return "data set"
    field = Config.model_fields[section]
    return f"{section} - {field.description}".rstrip(".")


def _help(knob: Knob) -> str:
    default = "required" if knob.required else f"default: {_written(knob.default)}"
    return f"{knob.help} (type: {knob.words}, {default})"


def _written(default: Any) -> str:
    return default if isinstance(default, str) else json.dumps(default)


def _listed(knob: Knob) -> str:
    """Laid out as argparse lays out flags."""
    return "\n".join(
        [
            knob.key,
            *textwrap.wrap(_help(knob), 76, initial_indent=_INDENT, subsequent_indent=_INDENT),
        ]
    )
