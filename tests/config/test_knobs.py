from __future__ import annotations

import pytest

from seqchurn.config import Config
from seqchurn.config.knobs import find, knobs, words
from seqchurn.config.run_arguments import RUN_ARGUMENTS


def test_every_field_has_a_help_and_a_type_in_words() -> None:
    for knob in knobs():
        assert knob.help, knob.name
        assert knob.words, knob.name
        assert "value" not in knob.words, knob.name


def test_knobs_stand_in_the_order_in_which_data_flows() -> None:
    sections = dict.fromkeys(knob.name.partition(".")[0] for knob in knobs())
    assert list(sections) == list(Config.model_fields)


def test_required_knobs_are_those_without_a_default() -> None:
    assert [k.name for k in knobs() if k.required and k.flag] == ["name", "events.sources"]


def test_a_union_offers_the_fields_of_all_its_kinds() -> None:
    by_name = {knob.name: knob for knob in knobs()}
    kinds = "hazard_grid, loglogistic_mixture, lognormal_mixture or weibull"
    assert by_name["head.kind"].words == kinds
    assert by_name["head.kind"].default == "loglogistic_mixture"
    assert by_name["head.components"].help.endswith(
        "Only for loglogistic_mixture or lognormal_mixture."
    )
    assert by_name["head.bins"].help.endswith("Only for hazard_grid.")


def test_what_stands_in_a_list_or_under_a_name_of_ones_own_is_no_flag() -> None:
    by_name = {knob.name: knob for knob in knobs()}
    inside = {
        "events.sources[].attributes.NAME.column": ("events.sources", "attributes.NAME.column"),
        "deliveries.NAME.bands.cuts": ("deliveries", "bands.cuts"),
        "training.seed": ("training.seed", ""),
    }
    for name, (holder, key) in inside.items():
        assert (by_name[name].holder, by_name[name].key) == (holder, key)
        assert by_name[name].flag == (not key)


def test_no_field_at_the_top_has_the_name_of_a_run_argument() -> None:
    assert not set(Config.model_fields) & set(RUN_ARGUMENTS)


def test_find_leaves_the_names_of_kinds_out_of_a_place() -> None:
    spot = find(("events", "sources", 0, "csv", "attributes", "price", "column"))
    assert spot.names == ("events", "sources", 0, "attributes", "price", "column")
    assert words(spot.node) == "text"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "integer", "exclusiveMinimum": 0}, "whole number above 0"),
        ({"type": "number", "minimum": 0, "maximum": 0.5}, "number at least 0 and at most 0.5"),
        ({"enum": ["a", "b", "c"]}, "a, b or c"),
        ({"type": "array", "items": {"type": "string"}}, "list, each text"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "mapping, each whole"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "string", "format": "path"}, "path"),
    ],
)
def test_a_type_is_said_in_words(node: dict[str, object], expected: str) -> None:
    assert words(node).startswith(expected)
