"""A config and its section `tune` -> the settings that a search may try, and configs with them.

A setting is called by the dotted name of its field, such as `training.learning_rate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from seqchurn.config.complaints import complaints, nearest
from seqchurn.config.config import Config
from seqchurn.config.knobs import Knob, find, kinds, knobs
from seqchurn.config.tune import Dimension
from seqchurn.errors import ConfigError

__all__ = ["Setting", "nested", "settings", "with_values"]

_SECTIONS = ("datasets", "encoder", "head", "activity", "training")
_NO_SETTINGS = {
    f"training.{key}"
    for key in ("cutoff", "held_back", "seed", "at_once", "accelerator", "devices")
}
"""Fields of these sections that make no fit better or worse but by chance."""


@dataclass(frozen=True)
class Setting:
    """A field and what it may be: one of `choices`, or else a number from `low` to `high`."""

    name: str
    configured: Any
    """What the config says; it belongs to the choices or lies in the range."""
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the field takes whole numbers only."""
        return isinstance(self.configured, int)


def settings(config: Config) -> list[Setting]:
    """What a search may try, in the order of the config.

    Raises:
        ConfigError: If a name is no setting, or a range or list is not one of what it takes.
    """
    return [_setting(config, name, one) for name, one in config.tune.space.items()]


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """The config with other values of some fields; of a replaced kind no key stays.

    Args:
        config: The whole config.
        values: By dotted name: section and key.

    Raises:
        ValidationError: If a field does not take its value.
    """
    data = config.model_dump(mode="json")
    for name in sorted(values, key=lambda name: not name.endswith(".kind")):  # kinds first
        section, _, key = name.partition(".")
        if key == "kind" and values[name] in (members := kinds(find((section,)).node)):
            known = members[values[name]]["properties"]
            data[section] = {k: v for k, v in data[section].items() if k in known}
        data[section][key] = values[name]
    return Config.model_validate(data)


def nested(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values by section and key, in the order in which data flows.

    >>> nested({"training.patience": 3, "encoder.dropout": 0.1})
    {'encoder': {'dropout': 0.1}, 'training': {'patience': 3}}
    """
    by_section: dict[str, dict[str, Any]] = {}
    for section in _SECTIONS:
        for name, value in values.items():
            if name.startswith(f"{section}."):
                by_section.setdefault(section, {})[name.partition(".")[2]] = value
    return by_section


def _setting(config: Config, name: str, dimension: Dimension) -> Setting:
    _check_name(config, name)
    configured = _value(config, name)
    if dimension.choices is not None:
        valid = [_taken(config, name, choice) for choice in dimension.choices]
        return Setting(name, configured, choices=tuple(dict.fromkeys([*valid, configured])))
    if isinstance(configured, bool) or not isinstance(configured, int | float):
        raise ConfigError(
            f"[tune] space.{name} is a range of numbers; expected: a list, each "
            f"{_known()[name].words}. Write what to choose from."
        )
    ends = [_taken(config, name, end) for end in (dimension.low, dimension.high)]
    low, high = min(*ends, configured), max(*ends, configured)
    if dimension.log and low <= 0:
        raise ConfigError(
            f"[tune] space.{name} has log, and the config has {configured:g}, which belongs to the "
            "range and has no logarithm. Leave log out, or write a list of what to choose from."
        )
    return Setting(name, configured, low=low, high=high, log=dimension.log)


def _known() -> dict[str, Knob]:
    """The fields that can be settings, by name."""
    return {
        knob.name: knob
        for knob in knobs()
        if knob.name.partition(".")[0] in _SECTIONS and knob.name not in _NO_SETTINGS
    }


def _check_name(config: Config, name: str) -> None:
    known, place = _known(), f"[tune] space.{name}"
    if name not in known:
        same_key = [other for other in known if other.rpartition(".")[2] == name]
        near = " or ".join(same_key) or nearest(name, known)
        raise ConfigError(
            f"{place} is no setting of a fit; expected: a field of {', '.join(_SECTIONS)} that "
            f"changes the fit. {f'Did you mean {near}?' if near else 'Remove it.'}"
        )
    section, _, key = name.partition(".")
    chosen = config.tune.space.get(f"{section}.kind")
    wanted = [] if chosen is None else [str(kind) for kind in chosen.choices or []]
    for kind, node in kinds(find((section,)).node).items():
        own = kind == getattr(config, section).kind
        if key not in node["properties"] and (own or kind in wanted):
            raise ConfigError(
                f"{place} is no key of {section}.kind {kind}, which is {'' if own else 'also '}"
                f"tried; expected: keys that all its kinds have. Leave one of the two out."
            )


def _taken(config: Config, name: str, value: Any) -> Any:
    """The value as the field takes it.

    Raises:
        ConfigError: If it does not.
    """
    try:
        return _value(with_values(config, {name: value}), name)
    except ValidationError as error:
        raise ConfigError(complaints(error, source="[tune] space", flags=())) from None


def _value(config: Config, name: str) -> Any:
    section, _, key = name.partition(".")
    return getattr(getattr(config, section), key)
