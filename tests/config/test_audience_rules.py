"""Rules of audiences: what they are read as, and what is said of those that cannot be read."""

from __future__ import annotations

import re

import pytest

from seqchurn.config.audience_rules import Comparison, Junction, Negation, parse_rule


def is_(column: str, operator: str, value: float | str, at: int) -> Comparison:
    return Comparison(column, operator, value, at)


def test_and_binds_tighter_than_or_and_not_tighter_than_and() -> None:
    rule = parse_rule("not a > 1 and b <= -2.5e1 or c = 2024-01-31")
    both = Junction("and", (Negation(is_("a", ">", 1.0, 5)), is_("b", "<=", -25.0, 15)))
    assert rule == Junction("or", (both, is_("c", "==", "2024-01-31", 30)))


def test_brackets_bind_tightest() -> None:
    rule = parse_rule("not(a>1or b>2)and c!=.5")
    either = Junction("or", (is_("a", ">", 1.0, 5), is_("b", ">", 2.0, 11)))
    assert rule == Junction("and", (Negation(either), is_("c", "!=", 0.5, 19)))


def test_a_time_may_carry_an_offset() -> None:
    assert parse_rule("a < 2024-01-31T06:00:00+01:00") == is_(
        "a", "<", "2024-01-31T06:00:00+01:00", 1
    )


MISTAKES = {
    "": "at character 1 of '' stands the end; expected: a column, not or an opening bracket. Write",
    "a >": "at character 4 of 'a >' stands the end; expected: a number or a date such as",
    "a > b": "at character 5 of 'a > b' stands b; expected: a number or a date",
    "a > 'x'": "at character 5 of \"a > 'x'\" stands '; expected: a number",
    "a": "stands the end; expected: one of < <= > >= == !=",
    "a => 1": "at character 4 of 'a => 1' stands >; expected: a number",
    "a > 1 b > 2": "at character 7 of 'a > 1 b > 2' stands b; expected: and, or, or the end",
    "a > 1 and": "stands the end; expected: a column, not or an opening bracket",
    "(a > 1": "stands the end; expected: and, or, or a closing bracket",
    "a > 1)": "stands ); expected: and, or, or the end",
    "0.7 < a": "at character 1 of '0.7 < a' stands 0.7; expected: a column",
    "a > 2024-13-01": "'2024-13-01' is not a date or time",
    "a > 1; b": "stands ;; expected",
    "__import__('os').system('x') > 1": " stands (; expected: one of < <= > >= == !=",
    "a.b > 1": "at character 2 of 'a.b > 1' stands .; expected: one of <",
    "[a] > 1": "stands [; expected: a column",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_rule_that_cannot_be_read_is_told_with_the_place(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(MISTAKES[text])):
        parse_rule(text)


@pytest.mark.parametrize("text", ["(" * 200 + "a > 1" + ")" * 200, "not " * 200 + "a > 1"])
def test_a_rule_may_be_nested_so_deep_and_no_deeper(text: str) -> None:
    with pytest.raises(ValueError, match="at most 20 brackets and nots inside each other"):
        parse_rule(text)
    assert parse_rule("(" * 20 + "a > 1" + ")" * 20) == is_("a", ">", 1.0, 21)
