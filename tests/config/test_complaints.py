from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.config.sources import CsvSource
from seqchurn.errors import ConfigError
from tests.config.conftest import MINIMAL

Write = Callable[..., Path]

MISTAKES = {
    "a mistyped key": (
        "training: {max_epoch: 3}",
        "[training] max_epoch is not a key here. Did you mean max_epochs?",
    ),
    "a mistyped section": ("trainning: {}", "trainning is not a key here. Did you mean training?"),
    "a key in the wrong place": ("max_epochs: 3", "Did you mean training.max_epochs?"),
    "a key unlike any other": (
        "scoring: {zzz: 1}",
        "[scoring] zzz is not a key here; expected: churn_horizon, interval, reach, at_once, "
        "shadow, count_paths. Remove it.",
    ),
    "a wrong type": (
        "training: {max_epochs: three}",
        "[training] max_epochs is 'three'; expected: whole number above 0. "
        "Correct it, or remove it for the default, 25.",
    ),
    "a yes where a number belongs": (
        "datasets: {landmarks: yes}",
        "[datasets] landmarks is 'yes'; expected: whole number above 0.",
    ),
    "a number where a text belongs": (
        "tracking: {model: 7}",
        "[tracking] model is the number 7; expected: text of letters, digits, dots, - and _. Put "
        "it in quotes.",
    ),
    "a model name with a slash": (
        "tracking: {model: my/shop}",
        "[tracking] model is 'my/shop'; expected: text of letters, digits, dots, - and _. Correct",
    ),
    "an experiment name with a space": (
        "tracking: {experiment: my shop}",
        "[tracking] experiment is 'my shop'; expected: text of letters, digits, dots, - and _.",
    ),
    "an accelerator nobody makes": (
        "training: {accelerator: gpux}",
        "[training] accelerator is 'gpux'; expected: auto, cpu, gpu, cuda, mps or tpu. Correct",
    ),
    "a year after all calendars": (
        "training: {cutoff: 9999-12-31}",
        "[training] cutoff: '9999-12-31' is of the year 9999; write a date or time of the years "
        "1900 to 2199.",
    ),
    "a year before all calendars": (
        "training: {cutoff: 0001-01-01}",
        "[training] cutoff: '0001-01-01' is of the year 1; write a date",
    ),
    "a negative number": (
        "training: {patience: -1}",
        "[training] patience is -1; expected: whole number above 0.",
    ),
    "a number out of bounds": (
        "encoder: {dropout: 1.0}",
        "[encoder] dropout is 1.0; expected: number at least 0 and below 1.",
    ),
    "an infinite number": (
        "training: {learning_rate: inf}",
        "[training] learning_rate is 'inf'; expected: number above 0.",
    ),
    "an unknown choice": (
        "datasets: {landmark_density: lin}",
        "[datasets] landmark_density is 'lin'; expected: linear or uniform.",
    ),
    "an unknown kind": (
        "encoder: {kind: grru}",
        "encoder has kind grru; expected: mapping with kind gru or lstm. Did you mean gru?",
    ),
    "a key of another kind": (
        "head: {kind: weibull, components: 3}",
        "[head] components belongs to kind loglogistic_mixture or lognormal_mixture; "
        "expected: keys of kind weibull.",
    ),
    "a word for a section": (
        "head: weibull",
        "head is 'weibull'; expected: mapping with kind hazard_grid, loglogistic_mixture, "
        "lognormal_mixture or weibull.",
    ),
    "an empty section": ("training:", "training is empty; expected: mapping."),
    "a horizon of no length": (
        "evaluation: {horizons: [7d, 0d]}",
        "[evaluation] horizons[1]: '0d' is not a duration longer than zero: write",
    ),
    "no horizon": (
        "evaluation: {horizons: []}",
        "[evaluation] horizons is []; expected: at least one; list, each duration such as 7d",
    ),
    "a cutoff that is no date": (
        "training: {cutoff: soon}",
        "[training] cutoff: 'soon' is not a date or time: write 2017-10-01",
    ),
    "a zone that is none": ("waits: {timezone: Mars}", "'Mars' is not a time zone: write UTC"),
    "a band without one": (
        "monitoring: {band: [1.1, 1.25]}",
        "[monitoring] band: [1.1, 1.25] is no band around 1; write the lowest and the highest "
        "observed/expected without an alarm, such as [0.8, 1.25].",
    ),
    "a range with one end": (
        "tune: {space: {training.learning_rate: {low: 0.1}}}",
        "[tune] space.training.learning_rate: it is neither a range nor a list; write {low: 0.001, "
        "high: 0.01} or [32, 64].",
    ),
    "a range and a list": (
        "tune: {space: {training.learning_rate: {low: 0.1, high: 0.2, choices: [0.1]}}}",
        "it is neither a range nor a list; write",
    ),
    "a range from high to low": (
        "tune: {space: {training.learning_rate: {low: 0.2, high: 0.1}}}",
        "[tune] space.training.learning_rate: low is 0.2 and high 0.1; write the lower number as",
    ),
    "a logarithm of nothing": (
        "tune: {space: {encoder.dropout: {low: 0, high: 0.1, log: true}}}",
        "low is 0, which has no logarithm; write a low above zero, or leave log out.",
    ),
    "nothing to choose from": (
        "tune: {space: {encoder.hidden_size: []}}",
        "[tune] space.encoder.hidden_size.choices is []; expected: at least one; list of numbers",
    ),
    "a number in place of a range": (
        "tune: {space: {encoder.hidden_size: 32}}",
        "[tune] space.encoder.hidden_size is 32; expected: mapping",
    ),
    "nothing to try": ("tune: {space: {}}", "[tune] space is {}; expected: at least one; mapping"),
    "a band with one end": ("monitoring: {band: [0.8]}", "[0.8] is no band around 1; write the"),
    "a run argument": ("as_of: 2017-10-01", "as_of is a run argument: pass it as --as_of to score"),
    "a run argument in a section": (
        "scoring: {force: 1}",
        "[scoring] force is a run argument: pass it as --force to prepare, train, promote, score.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_with_place_value_expectation_and_remedy(
    mistake: str, write: Write
) -> None:
    text, complaint = MISTAKES[mistake]
    path = write(text)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: ")) as caught:
        load_config(path)
    assert complaint in str(caught.value)
    assert "pydantic" not in str(caught.value)
    assert "\n" not in str(caught.value)


SOURCE_MISTAKES = {
    "separator: ';;'": "[events] sources[0].separator is ';;'; expected: one "
    "character of ASCII, but no quote. Correct it, or remove it for the default, ','.",
    "separator: é": "[events] sources[0].separator is 'é'; expected: one character of ASCII, but",
    "separator: '\"'": "[events] sources[0].separator is '\"'; expected: one character of ASCII",
    'separator: "\\n"': "[events] sources[0].separator is '\\n'; expected: one character of ASCII",
    "attributes: {'fold:x': {column: p}}": "[events] sources[0].attributes: attribute fold:x be",
    "known_from: day": "[events] sources[0].known_from belongs to kind customers; "
    "expected: keys of kind csv.",
    "lookup: {on: a, columns: [b]}": "[events] sources[0].lookup.path is missing; expected: text",
    "attributes: {price: {colum: p, column: p}}": "[events] sources[0].attributes.price.colum is "
    "not a key here. Did you mean column?",
    "attributes: {1: {column: p}}": "[events] sources[0].attributes.1 is the number 1; "
    "expected: text. Put it in quotes.",
    "event_type_column: type": "[events] sources[0]: needs exactly one of event_type",
}


@pytest.mark.parametrize("line", SOURCE_MISTAKES)
def test_a_mistake_in_a_source_is_named_with_its_place_in_the_list(line: str, write: Write) -> None:
    with pytest.raises(ConfigError, match=re.escape(SOURCE_MISTAKES[line])):
        load_config(write(f"      {line}\n"))


@pytest.mark.parametrize("separator", [",", ";", "|", "\t", " ", "\x01", "~"])
def test_a_separator_may_be_any_other_character_of_one_byte(separator: str, write: Write) -> None:
    [source] = load_config(write(f"      separator: {json.dumps(separator)}\n")).events.sources
    assert isinstance(source, CsvSource)
    assert source.separator == separator


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", " a", "größe", "a\n", "x" * 101])
def test_a_source_has_a_name_that_a_folder_can_have(name: str, write: Write) -> None:
    text = MINIMAL.replace("name: orders", f"name: {json.dumps(name)}")
    said = "[events] sources[0].name is .*; expected: up to 100 letters (A to Z), digits, spaces,"
    with pytest.raises(ConfigError, match=re.escape(said).replace(r"\.\*", ".*")):
        load_config(write(text=text))


@pytest.mark.parametrize("name", ["a", "Web shop 2.0", "_-", "x" * 100])
def test_a_name_of_a_source_may_have_spaces_and_dots(name: str, write: Write) -> None:
    text = MINIMAL.replace("name: orders", f"name: {name}")
    assert load_config(write(text=text)).events.sources[0].name == name


@pytest.mark.parametrize("buckets", [0, 4097, 100_000])
def test_there_are_no_more_buckets_than_files_that_a_table_can_do_with(
    buckets: int, write: Write
) -> None:
    said = f"[events] buckets is {buckets}; expected: whole number at least 1 and at most 4096. Cor"
    text = MINIMAL.replace("events:\n", f"events:\n  buckets: {buckets}\n")
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_config(write(text=text))
    text = MINIMAL.replace("events:\n", "events:\n  buckets: 4096\n")
    assert load_config(write(text=text)).events.buckets == 4096


def test_what_is_required_and_missing_is_explained(write: Write) -> None:
    with pytest.raises(ConfigError, match="name is missing") as caught:
        load_config(write(text="events: {}\n"))
    assert "name is missing; expected: text of letters, digits, dots, - and _ (Name of" in str(
        caught.value
    )
    assert "[events] sources is missing; expected: list, each mapping with kind csv," in str(
        caught.value
    )


def test_a_source_without_kind_is_told_the_kinds(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"sources\[0\] has no kind; expected: mapping with kind"):
        load_config(write(text="name: shop\nevents: {sources: [{name: orders}]}\n"))


def test_a_bad_override_is_named_as_the_flag_it_came_from(write: Write) -> None:
    overrides = {"training.max_epochs": "x", "evaluation.horizons": ["7d", "0d"]}
    with pytest.raises(ConfigError, match=r"^--training\.max_epochs is 'x'") as caught:
        load_config(write("training: {max_epochs: 3}\n"), overrides)
    assert "--evaluation.horizons[1]: '0d' is not" in str(caught.value)


def test_many_mistakes_fit_on_one_screen(write: Write) -> None:
    keys = ", ".join(f"zzz{number}: 1" for number in range(30))
    with pytest.raises(ConfigError, match=r"\.\.\. and 22 more\.") as caught:
        load_config(write(f"training: {{{keys}}}\n"))
    assert len(str(caught.value).splitlines()) == 9


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: shop\nevents: [1\nq: 3\n", r"shop\.yaml:3:2: not YAML: expected"),
        ("name: a\nname: b\n", r"shop\.yaml:2:1: not YAML: key name is written twice"),
        ("a: \x00\n", r"shop\.yaml: not YAML"),
        ("", r"shop\.yaml has nothing at its top; expected sections"),
        ("- a\n", r"shop\.yaml has list at its top"),
    ],
)
def test_what_is_no_config_is_refused_with_file_and_line(
    text: str, complaint: str, write: Write
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_config(write(text=text))
