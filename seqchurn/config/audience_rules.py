"""Text of a rule over the score table -> its tree, or what is wrong with it and where.

    p_churn > 0.7 and (expected_orders_90d > 1 or not last_target_at < 2017-06-01)

Columns are compared with numbers or dates; `not` binds tighter than `and`, `and` than `or`. A rule
is only ever read: nothing in it can be executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from seqchurn.config.units import checked_instant

__all__ = ["Comparison", "Junction", "Negation", "Rule", "parse_rule"]

_TOKEN = re.compile(
    r"""(?P<date>\d{4}-\d{2}-\d{2}[0-9T:.+Z-]*)
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<operator><=|>=|==|!=|<|>|=)
      | (?P<bracket>[()])
      | (?P<other>\S)""",
    re.VERBOSE | re.ASCII,
)
_DEEPEST = 20


@dataclass(frozen=True)
class Comparison:
    """A column held against a value."""

    column: str
    operator: str
    value: float | str
    """A number, or a date or time as it was written."""
    at: int
    """Where it begins in the text, from 1."""


@dataclass(frozen=True)
class Negation:
    """What holds where a rule does not."""

    rule: Rule


@dataclass(frozen=True)
class Junction:
    """Rules of which all (and) or some (or) hold."""

    word: Literal["and", "or"]
    rules: tuple[Rule, ...]


Rule = Comparison | Negation | Junction


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_rule(text: str) -> Rule:
    """The tree of a rule.

    >>> parse_rule("p_churn > 0.7")
    Comparison(column='p_churn', operator='>', value=0.7, at=1)

    Raises:
        ValueError: With the character at which it cannot be read, and what was expected there.
    """
    reader = _Reader(text)
    rule = reader.either(0)
    reader.end()
    return rule


class _Reader:
    """Reads a rule from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = next(self._tokens)

    def _split(self) -> Iterator[_Token]:
        for match in _TOKEN.finditer(self._text):
            yield _Token(str(match.lastgroup), match[0], match.start() + 1)
        while True:
            yield _Token("end", "", len(self._text) + 1)

    def either(self, depth: int) -> Rule:
        return self._joined("or", depth)

    def end(self) -> None:
        if self._next.kind != "end":
            self._refuse("and, or, or the end")

    def _joined(self, word: Literal["and", "or"], depth: int) -> Rule:
        rules = [self._joined("and", depth) if word == "or" else self._single(depth)]
        while self._next.text == word:
            self._take()
            rules.append(self._joined("and", depth) if word == "or" else self._single(depth))
        return rules[0] if len(rules) == 1 else Junction(word, tuple(rules))

    def _single(self, depth: int) -> Rule:
        if depth > _DEEPEST:
            self._refuse(f"at most {_DEEPEST} brackets and nots inside each other")
        if self._next.text == "not":
            self._take()
            return Negation(self._single(depth + 1))
        if self._next.text == "(":
            self._take()
            rule = self.either(depth + 1)
            if self._next.text != ")":
                self._refuse("and, or, or a closing bracket")
            self._take()
            return rule
        return self._comparison()

    def _comparison(self) -> Comparison:
        if self._next.kind != "word" or self._next.text in ("and", "or"):
            self._refuse("a column, not or an opening bracket")
        column = self._take()
        if self._next.kind != "operator":
            self._refuse("one of < <= > >= == !=")
        operator = self._take().text
        if self._next.kind not in ("number", "date"):
            self._refuse("a number or a date such as 2017-10-01")
        value = self._take()
        number = value.kind == "number"
        return Comparison(
            column.text,
            "==" if operator == "=" else operator,
            float(value.text) if number else checked_instant(value.text),
            column.at,
        )

    def _take(self) -> _Token:
        taken, self._next = self._next, next(self._tokens)
        return taken

    def _refuse(self, expected: str) -> NoReturn:
        found = self._next.text or "the end"
        raise ValueError(
            f"at character {self._next.at} of {self._text!r} stands {found}; expected: {expected}. "
            "Write it as p_churn > 0.7 and (quiet_days < 30 or p_never < 0.1)"
        )
