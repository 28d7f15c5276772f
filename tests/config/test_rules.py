from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.config.rules import ColumnRule
from seqchurn.errors import ConfigError

MISTAKES = {
    "rules: [{column: a}]": "rules[0]: says nothing of a; expected one or more of required, min",
    "rules: [{column: a, required: false}]": "rules[0]: says nothing of a",
    "rules: [{column: a, min: 2, max: 1}]": "rules[0]: no number is at least 2 and at most 1",
    "rules: [{column: a, minimum: 2}]": "rules[0].minimum is not a key here. Did you mean min?",
    "rules: [{column: a, min: low}]": "rules[0].min is 'low'; expected: number",
    "rules: [{column: a, allowed: []}]": "rules[0].allowed is []; expected: at least one; list",
    "rules: [{column: a, not_before: soon}]": "rules[0].not_before: 'soon' is not a date or time",
    "max_bad_fraction: 1.5": "max_bad_fraction is 1.5; expected: number at least 0 and at most 1",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_in_a_rule_is_named_with_its_place(line: str, write: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"[events] sources[0].{MISTAKES[line]}")):
        load_config(write(f"      {line}\n"))


def test_numbers_may_be_among_the_words_allowed() -> None:
    rule = ColumnRule.model_validate({"column": "size", "allowed": [1, 2.5, "XL"]})
    assert rule.allowed == ["1", "2.5", "XL"]


def test_the_rules_in_the_readme_load(write: Callable[..., Path]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [rules] = re.findall(r"```\n( +rules:\n.*?)```", readme, re.DOTALL)
    source = load_config(write(textwrap.indent(textwrap.dedent(rules), " " * 6))).events.sources[0]
    assert [rule.column for rule in source.rules] == ["total", "channel", "sku", "ordered_at"]
