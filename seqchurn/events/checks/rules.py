"""Mapped records -> the rules that each must meet.

A record is refused for the first rule it breaks: of its structure, then of the mapping, then of
the config. Nothing is repaired: what is refused is counted, and kept with its place, the reason
and its raw values.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from seqchurn.config.sources import CustomersSource, EventSource, LinksSource, Source
from seqchurn.events.checks.column_rules import Rule, column_rules, future_rule, said
from seqchurn.events.filtering import UNDECIDED
from seqchurn.events.mapping import FOLD, RAW, is_counted
from seqchurn.events.sources import MALFORMED
from seqchurn.events.sources.columns import identifying_columns
from seqchurn.events.sources.structure import LONGEST
from seqchurn.events.times import FIRST_YEAR, LAST_YEAR, lacks_zone
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, KNOWN_FROM, TIMESTAMP

__all__ = ["is_refused", "rules"]


def rules(mapped: pl.LazyFrame, source: Source, now: datetime) -> list[Rule]:
    """All rules of a source, the first broken one counts.

    Args:
        mapped: Mapped records.
        source: The section of the config.
        now: Time of the run.

    Raises:
        ConfigError: If a rule of the config does not fit the type of its column.
    """
    schema = mapped.collect_schema()
    no_record = pl.lit("the line is not a record of this format")
    found = [
        Rule("record_malformed", pl.col(MALFORMED).is_not_null(), no_record),
        _too_long(schema),
        _missing("customer_id_missing", CUSTOMER_ID, *identifying_columns(source)),
    ]
    if isinstance(source, LinksSource):
        return found
    if isinstance(source, EventSource):
        found += _event_rules(source, schema, now)
    elif source.known_from is not None:
        found += _time_rules(KNOWN_FROM, source.known_from, source, schema)
    for name, attribute in source.attributes.items():
        if attribute.type == "number" and not is_counted(source, attribute):
            found += _number_rules(name, attribute.column)
    return found + column_rules(source, schema, now)


def is_refused(rules: list[Rule]) -> pl.Expr:
    """Whether a record breaks a rule; never null."""
    return pl.any_horizontal(rule.broken.fill_null(False) for rule in rules)


def _event_rules(source: EventSource, schema: pl.Schema, now: datetime) -> list[Rule]:
    undecided = pl.concat_str(UNDECIDED, pl.lit(", not a number, and where compares it with one"))
    no_time = pl.col(RAW + source.timestamp).is_null()
    found = [
        Rule("where_not_a_number", pl.col(UNDECIDED).is_not_null(), undecided),
        Rule("timestamp_missing", no_time, pl.lit(f"{source.timestamp} is null or empty")),
        *_time_rules(TIMESTAMP, source.timestamp, source, schema),
        _missing("event_type_missing", EVENT_TYPE, source.event_type_column or EVENT_TYPE),
        *(_missing("fold_key_missing", FOLD + key, key) for key in source.fold_by),
    ]
    if source.not_in_future:
        found.append(future_rule(TIMESTAMP, source.timestamp, now))
    return found


def _too_long(schema: pl.Schema) -> Rule:
    """A value far longer than values are is many records that a stray quote has joined."""
    texts = [pl.col(c) for c, dtype in schema.items() if c.startswith(RAW) and dtype == pl.String]
    is_long = [text.str.len_bytes() > LONGEST for text in texts]
    reason = pl.lit(f"a value holds more than {LONGEST} bytes")
    return Rule("value_too_long", pl.any_horizontal(pl.lit(False), *is_long), reason)


def _missing(rule: str, column: str, *raw_columns: str) -> Rule:
    value = pl.col(column)
    are = "is" if len(raw_columns) == 1 else "are"
    reason = pl.lit(f"{', '.join(raw_columns)} {are} null or empty")
    return Rule(rule, value.is_null() | (value == ""), reason)


def _time_rules(
    column: str, raw_column: str, source: EventSource | CustomersSource, schema: pl.Schema
) -> list[Rule]:
    raw = RAW + raw_column
    format, zone = source.timestamp_format, source.timezone
    expected = f"a time as {format}" if format else "an ISO 8601 time"
    where = f", or no time of the clocks in {zone}" if zone else ""
    first, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    outside = ~pl.col(column).is_between(first, end, closed="left")
    return [
        Rule(
            "timestamp_without_zone",
            lacks_zone(raw, pl.col(column), schema[raw], format=format, zone=zone),
            said(raw_column, ", a stamp without a zone; set timezone if all of them are of one"),
        ),
        Rule(
            f"{column}_unparsable",
            pl.col(raw).is_not_null() & pl.col(column).is_null(),
            said(raw_column, f", not {expected}{where}"),
        ),
        Rule(
            f"{column}_out_of_range",
            outside,
            said(raw_column, f", outside the years {FIRST_YEAR} to {LAST_YEAR}"),
        ),
    ]


def _number_rules(name: str, raw_column: str) -> list[Rule]:
    raw, value = RAW + raw_column, pl.col(name)
    return [
        Rule(
            "attribute_not_a_number",
            pl.col(raw).is_not_null() & value.is_null(),
            said(raw_column, ", not a number"),
        ),
        Rule(
            "attribute_not_finite",
            ~value.cast(pl.Float32, strict=False).is_finite(),
            said(raw_column, ", not a finite number of 32 bits"),
        ),
    ]
