"""Rules of the config -> rules as expressions over mapped columns.

Values are judged as they came, before they are folded or rounded: numbers as the mapping reads
them, all else as text. A value that is missing, null or empty, breaks only `required`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.rules import ColumnRule
from seqchurn.config.sources import CustomersSource, EventSource, LinksSource
from seqchurn.errors import ConfigError
from seqchurn.events.mapping import RAW
from seqchurn.events.sources.columns import mapped_columns
from seqchurn.events.text import as_text
from seqchurn.schema import EVENT_TYPE, KNOWN_FROM, TIMESTAMP

__all__ = ["SLACK", "Rule", "check_rules", "column_rules", "future_rule", "said"]

SLACK = timedelta(days=1)
"""How much later than the run a stamp may be: clocks differ, and so do days of zones."""


@dataclass(frozen=True)
class Rule:
    """Something every record must meet."""

    name: str
    broken: pl.Expr
    """Boolean over mapped columns; null counts as met."""
    reason: pl.Expr
    """Text for a record that breaks the rule."""


def check_rules(config: EventsConfig) -> None:
    """Check that the rules of all sources speak of what the sources map.

    Raises:
        ConfigError: If one names another column or event type, asks a column of times for
            numbers or another for times, or has a pattern that is no regular expression.
    """
    for source in config.sources:
        if isinstance(source, LinksSource):
            continue
        for number, rule in enumerate(source.rules):
            place = f"[events] source {source.name}, rules[{number}]"
            _check_column(rule, source, place)
            _check_event_types(rule, source, place)
            if rule.pattern is not None:
                _check_pattern(rule.pattern, place)


def column_rules(
    source: EventSource | CustomersSource, schema: pl.Schema, now: datetime
) -> list[Rule]:
    """The rules that the config states, in its order; `check_rules` must have passed.

    Args:
        source: The section of the config.
        schema: Of the mapped records.
        now: Time of the run.

    Raises:
        ConfigError: If a column to be compared with numbers holds something else.
    """
    found = []
    for rule in source.rules:
        where = pl.lit(True)
        if rule.event_types is not None:
            where = pl.col(EVENT_TYPE).is_in(rule.event_types)
        demands = [*_of_values(rule, source, schema), *_of_times(rule, source, now)]
        found += [replace(demand, broken=where & demand.broken) for demand in demands]
    return found


def future_rule(column: str, raw_column: str, now: datetime) -> Rule:
    """No time is later than a day after the run."""
    reason = said(raw_column, ", more than a day after the time of the run")
    return Rule(f"{column}_in_future", pl.col(column) > now + SLACK, reason)


def said(raw_column: str, after: str) -> pl.Expr:
    """Name and value of a raw column, cut, and what is wrong with it."""
    found = pl.col(RAW + raw_column).cast(pl.String).str.slice(0, 100)
    return pl.concat_str(pl.lit(f"{raw_column} is "), found, pl.lit(after), ignore_nulls=True)


def _of_values(
    rule: ColumnRule, source: EventSource | CustomersSource, schema: pl.Schema
) -> Iterator[Rule]:
    column = rule.column
    text = as_text(RAW + column, schema[RAW + column])
    missing = text.is_null() | (text.str.strip_chars() == "")
    if rule.required:
        yield Rule(f"{column}_missing", missing, pl.lit(f"{column} is null or empty"))
    if rule.min is not None or rule.max is not None:
        number = _number(column, schema, f"[events] source {source.name}")
        yield Rule(
            f"{column}_not_a_number",
            ~missing & (number.is_null() | number.is_nan()),
            said(column, ", not a number, and has a range"),
        )
        if rule.min is not None:
            reason = said(column, f", below {rule.min:g}")
            yield Rule(f"{column}_below_min", number < rule.min, reason)
        if rule.max is not None:
            reason = said(column, f", above {rule.max:g}")
            yield Rule(f"{column}_above_max", number > rule.max, reason)
    if rule.allowed is not None:
        reason = said(column, f", not one of {', '.join(rule.allowed)}")
        yield Rule(f"{column}_not_allowed", ~missing & ~text.is_in(rule.allowed), reason)
    if rule.pattern is not None:
        matches = text.str.contains(_whole(rule.pattern))
        reason = said(column, f", which does not match {rule.pattern}")
        yield Rule(f"{column}_not_matched", ~missing & ~matches, reason)


def _of_times(
    rule: ColumnRule, source: EventSource | CustomersSource, now: datetime
) -> Iterator[Rule]:
    column = TIMESTAMP if isinstance(source, EventSource) else KNOWN_FROM
    if rule.not_before is not None:
        floor = datetime.fromisoformat(rule.not_before)
        if floor.tzinfo is None:
            floor = floor.replace(tzinfo=ZoneInfo(source.timezone or "UTC"))
        reason = said(rule.column, f", before {rule.not_before}")
        yield Rule(f"{column}_too_early", pl.col(column) < floor.astimezone(UTC), reason)
    if rule.not_in_future:
        yield future_rule(column, rule.column, now)


def _number(column: str, schema: pl.Schema, place: str) -> pl.Expr:
    value, dtype = pl.col(RAW + column), schema[RAW + column]
    if dtype == pl.String:
        value = value.str.strip_chars()
    elif not (dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)):
        raise ConfigError(
            f"{place}: column {column} is {dtype}, and a rule gives it a min or a max; expected "
            "numbers. Remove min and max from the rule."
        )
    return value.cast(pl.Float64, strict=False)


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _check_column(rule: ColumnRule, source: EventSource | CustomersSource, place: str) -> None:
    known = mapped_columns(source)
    if rule.column not in known:
        attribute = source.attributes.get(rule.column)
        near = [attribute.column] if attribute else difflib.get_close_matches(rule.column, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(
            f"{place}: the source maps no column {rule.column}.{hint} Columns mapped: "
            f"{', '.join(known)}."
        )
    times = source.timestamp if isinstance(source, EventSource) else source.known_from
    if rule.column == times and (rule.min is not None or rule.max is not None):
        raise ConfigError(
            f"{place}: min and max are of numbers, and {rule.column} holds times. Write not_before "
            "or not_in_future."
        )
    if rule.column != times and (rule.not_before is not None or rule.not_in_future):
        raise ConfigError(
            f"{place}: not_before and not_in_future are of times, and {rule.column} is not mapped "
            f"to one. {f'Did you mean {times}?' if times else 'Remove the rule.'}"
        )


def _check_event_types(rule: ColumnRule, source: EventSource | CustomersSource, place: str) -> None:
    if rule.event_types is None:
        return
    if isinstance(source, CustomersSource):
        raise ConfigError(f"{place}: customers have no event_types. Remove them from the rule.")
    if source.event_type is not None and rule.event_types != [source.event_type]:
        raise ConfigError(
            f"{place}: event_types is {', '.join(rule.event_types)}, and all records of the source "
            f"are of type {source.event_type}. Remove event_types from the rule."
        )


def _check_pattern(pattern: str, place: str) -> None:
    try:
        pl.Series([""]).str.contains(_whole(pattern))
    except pl.exceptions.PolarsError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        why = next((line for line in lines if line.startswith("error:")), lines[0])
        raise ConfigError(
            f"{place}: pattern is {pattern!r}, which is not a regular expression "
            f"({why.removeprefix('error: ')}). Correct it; look-around and back references are "
            "not possible."
        ) from None
