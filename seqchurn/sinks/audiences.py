"""Rules of the config + columns of the score table -> who is in which audience, as expressions.

A member stays until `exit` holds, so whoever is asked must say who was a member before.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from seqchurn.config.audience_rules import Comparison, Negation, Rule, parse_rule
from seqchurn.config.audiences import Audience
from seqchurn.config.complaints import nearest
from seqchurn.errors import ConfigError

__all__ = ["Audiences"]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Audiences:
    """The audiences of a config."""

    sections: Mapping[str, Audience]
    """By name."""
    timezone: str = "UTC"
    """Zone of dates and times in rules that carry none."""

    @property
    def names(self) -> list[str]:
        """Names, in alphabetical order, so that the order in the config changes nothing."""
        return sorted(self.sections)

    def members(self, before: pl.Expr, schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
        """Whether a customer is a member, a column for each audience; never null.

        Args:
            before: Names of the audiences that the customer was in, a list; null: not yet known.
            schema: Columns of the score table with their dtypes.

        Raises:
            ConfigError: If a rule compares a column that there is not, or with another type.
        """
        return [self._member(name, before, schema).alias(name) for name in self.names]

    def listed(self) -> pl.Expr:
        """Names of the audiences that a customer is in, a list, from the columns of `members`."""
        if not self.names:
            return pl.lit([], dtype=pl.List(pl.String))
        texts = [pl.when(pl.col(name)).then(pl.lit(name)) for name in self.names]
        return pl.concat_list(texts).list.drop_nulls()

    def _member(self, name: str, before: pl.Expr, schema: Mapping[str, pl.DataType]) -> pl.Expr:
        section = self.sections[name]
        enter = self._holds(name, "enter", section.enter, schema)
        if section.exit is None:
            return enter
        leaves = self._holds(name, "exit", section.exit, schema)
        return enter | (before.list.contains(name).fill_null(False) & ~leaves)

    def _holds(self, name: str, key: str, text: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
        try:
            return _expression(parse_rule(text), schema, ZoneInfo(self.timezone))
        except ValueError as error:
            raise ConfigError(f"[audiences] {name}.{key}: {error} in {text!r}.") from None


def _expression(rule: Rule, schema: Mapping[str, pl.DataType], zone: ZoneInfo) -> pl.Expr:
    if isinstance(rule, Comparison):
        return _comparison(rule, schema, zone)
    if isinstance(rule, Negation):
        return ~_expression(rule.rule, schema, zone)
    join = operator.and_ if rule.word == "and" else operator.or_
    return reduce(join, (_expression(part, schema, zone) for part in rule.rules))


def _comparison(rule: Comparison, schema: Mapping[str, pl.DataType], zone: ZoneInfo) -> pl.Expr:
    """A comparison; where the column has no value it does not hold."""
    column, value = rule.column, rule.value
    if column not in schema:
        near = nearest(column, list(schema))
        remedy = f"Did you mean {near}?" if near else f"There are {', '.join(schema)};"
        raise ValueError(f"there is no column {column}. {remedy} It stands at character {rule.at}")
    dtype = schema[column]
    kind = "number" if dtype.is_numeric() else "time" if dtype.is_temporal() else "text"
    is_a = "time" if isinstance(value, str) else "number"
    if kind != is_a:
        raise ValueError(
            f"{column} holds a {kind}, and {value} is a {is_a}. Compare another column, or with "
            f"another value, at character {rule.at}"
        )
    holds: pl.Expr = _OPERATORS[rule.operator](pl.col(column), _literal(value, zone))
    return holds.fill_null(False)


def _literal(value: float | str, zone: ZoneInfo) -> pl.Expr:
    if not isinstance(value, str):
        return pl.lit(value)
    moment = datetime.fromisoformat(value)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return pl.lit(aware.astimezone(UTC))
