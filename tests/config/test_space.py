from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from seqchurn.config import Config, load_config
from seqchurn.config.space import Setting, nested, settings, with_values
from seqchurn.config.yaml_text import to_yaml, yaml_of
from seqchurn.errors import ConfigError

Write = Callable[..., Path]


def config(write: Write, space: str = "{}", more: str = "") -> Config:
    return load_config(write(f"tune: {{space: {space}}}\n{more}"))


def test_a_list_is_a_choice_and_a_range_is_of_the_numbers_of_the_field(write: Write) -> None:
    space = "{training.learning_rate: {low: 1e-4, high: 1e-2, log: true}, "
    space += "encoder.hidden_size: [32, 64], encoder.memories: {low: 0, high: 16}}"
    assert settings(config(write, space)) == [
        Setting("training.learning_rate", 2e-3, low=1e-4, high=1e-2, log=True),
        Setting("encoder.hidden_size", 64, choices=(32, 64)),
        Setting("encoder.memories", 8, low=0, high=16),
    ]
    assert [setting.is_whole for setting in settings(config(write, space))] == [False, True, True]


def test_what_the_config_says_always_belongs_to_it(write: Write) -> None:
    space = "{encoder.hidden_size: [8, 16], encoder.dropout: {low: 0.1, high: 0.3}, "
    space += "training.learning_rate: {low: 0.01, high: 0.1, log: true}}"
    size, dropout, rate = settings(config(write, space))
    assert size.choices == (8, 16, 64)
    assert (dropout.low, dropout.high, dropout.configured) == (0.0, 0.3, 0.0)
    assert (rate.low, rate.high) == (2e-3, 0.1)


def test_choices_are_read_as_the_field_reads_them(write: Write) -> None:
    space = "{head.never: [true, false], training.learning_rate: ['1e-3', 1e-2, 0.002]}"
    never, rate = settings(config(write, space))
    assert never.choices == (True, False)
    assert rate.choices == (1e-3, 1e-2, 2e-3)


@pytest.mark.parametrize("kind", ["hazard_grid", "loglogistic_mixture", "weibull"])
def test_the_default_space_fits_every_model(kind: str, write: Write) -> None:
    made = load_config(write(f"head: {{kind: {kind}}}\nencoder: {{kind: gru, hidden_size: 8}}\n"))
    assert settings(made)[1].choices == (32, 64, 128, 8)


def test_a_space_comes_back_from_yaml_as_it_was(write: Write) -> None:
    made = config(write, "{encoder.kind: [lstm, gru], encoder.dropout: {low: 0, high: 0.3}}")
    again = load_config(write(text=to_yaml(made)))
    assert again == made
    assert yaml.safe_load(to_yaml(made))["tune"]["space"]["encoder.kind"] == ["lstm", "gru"]


def test_a_config_with_other_values_is_checked_like_any(write: Write) -> None:
    made = with_values(config(write, "{encoder.kind: [gru]}"), {"training.max_epochs": 3})
    assert (made.training.max_epochs, made.training.patience) == (3, 25)
    with pytest.raises(ValueError, match="greater than 0"):
        with_values(made, {"training.max_epochs": 0})


def test_another_kind_keeps_the_keys_that_it_has(write: Write) -> None:
    base = load_config(write("head: {components: 5, hidden_size: 7}\n"))
    grid = with_values(base, {"head.bins": 9, "head.kind": "hazard_grid"}).head
    assert grid.model_dump() == {"kind": "hazard_grid", "bins": 9, "hidden_size": 7}


def test_values_are_nested_into_a_piece_of_config(write: Write) -> None:
    values = {"training.learning_rate": 1e-05, "encoder.kind": "gru", "head.never": True}
    text = yaml_of(nested(values))
    made = load_config(write(text))
    assert list(yaml.safe_load(text)) == ["encoder", "head", "training"]
    assert (made.training.learning_rate, made.encoder.kind) == (1e-05, "gru")
    assert made.head == with_values(load_config(write()), values).head


MISTAKES: dict[str, tuple[str, str]] = {
    "a mistyped name": (
        "{training.learning_rat: [1]}",
        "[tune] space.training.learning_rat is no setting of a fit; expected: a field of datasets, "
        "encoder, head, activity, training that changes the fit. Did you mean "
        "training.learning_rate?",
    ),
    "a name without its section": (
        "{hidden_size: [8]}",
        "[tune] space.hidden_size is no setting of a fit; expected: a field of datasets, encoder, "
        "head, activity, training that changes the fit. Did you mean encoder.hidden_size or "
        "head.hidden_size?",
    ),
    "what changes no fit": ("{training.seed: [1, 2]}", "space.training.seed is no setting of a"),
    "what is judged": ("{waits.step: [1d, 2d]}", "[tune] space.waits.step is no setting of a fit"),
    "a value out of bounds": (
        "{encoder.hidden_size: [-1]}",
        "[tune] space: [encoder] hidden_size is -1; expected: whole number above 0. Correct it",
    ),
    "an end out of bounds": (
        "{encoder.dropout: {low: 0.0, high: 1.0}}",
        "[tune] space: [encoder] dropout is 1.0; expected: number at least 0 and below 1.",
    ),
    "half a neuron": (
        "{encoder.hidden_size: {low: 8.5, high: 16}}",
        "[tune] space: [encoder] hidden_size is 8.5; expected: whole number above 0.",
    ),
    "an unknown kind": (
        "{encoder.kind: [grru]}",
        "[tune] space: encoder has kind grru; expected: mapping with kind gru or lstm. Did you",
    ),
    "a range of words": (
        "{encoder.kind: {low: 1, high: 2}}",
        "[tune] space.encoder.kind is a range of numbers; expected: a list, each gru or lstm. "
        "Write what to choose from.",
    ),
    "a key of another kind": (
        "{head.bins: [12, 24]}",
        "[tune] space.head.bins is no key of head.kind loglogistic_mixture, which is tried; "
        "expected: keys that all its kinds have. Leave one of the two out.",
    ),
    "a key that one of the kinds lacks": (
        "{head.kind: [weibull], head.components: [3]}",
        "[tune] space.head.components is no key of head.kind weibull, which is also tried;",
    ),
    "a logarithm of what the config says": (
        "{training.weight_decay: {low: 0.001, high: 0.1, log: true}}",
        "[tune] space.training.weight_decay has log, and the config has 0, which belongs to the "
        "range and has no logarithm. Leave log out, or write a list of what to choose from.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_space_that_cannot_be_is_answered_with_a_remedy(mistake: str, write: Write) -> None:
    space, complaint = MISTAKES[mistake]
    more: Any = "training: {weight_decay: 0}\n"
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        settings(config(write, space, more))
