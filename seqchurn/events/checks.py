"""Mapped records -> the rule that each breaks, and the quarantine table.

A record is refused for the first rule it breaks. Nothing is repaired: what is refused is
counted, and kept with its place, the reason and its raw values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from seqchurn.config.sources import CustomersSource, EventSource
from seqchurn.events.filtering import UNDECIDED
from seqchurn.events.mapping import FOLD, RAW, is_counted
from seqchurn.events.sources import FILE, MALFORMED, RECORD
from seqchurn.events.times import FIRST_YEAR, LAST_YEAR, lacks_zone
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, KNOWN_FROM, TIMESTAMP

__all__ = ["NO_ZONE", "Rule", "is_refused", "quarantined", "rules"]

NO_ZONE = "timestamp_without_zone"
"""The rule whose breach is an error of the config."""

_RAW_CHARACTERS = 2_000


@dataclass(frozen=True)
class Rule:
    """Something every record must meet."""

    name: str
    broken: pl.Expr
    """Boolean over mapped columns; null counts as met."""
    reason: pl.Expr
    """Text for a record that breaks the rule."""


def rules(mapped: pl.LazyFrame, source: EventSource | CustomersSource) -> list[Rule]:
    """All rules of a source, the first broken one counts."""
    schema = mapped.collect_schema()
    malformed = pl.col(MALFORMED).is_not_null()
    found = [
        Rule("record_malformed", malformed, pl.lit("the line is not a record of this format")),
        _missing("customer_id_missing", CUSTOMER_ID, source.customer_id),
    ]
    if isinstance(source, EventSource):
        found += [
            Rule(
                "where_not_a_number",
                pl.col(UNDECIDED).is_not_null(),
                pl.concat_str(UNDECIDED, pl.lit(", not a number, and where compares it with one")),
            ),
            Rule(
                "timestamp_missing",
                pl.col(RAW + source.timestamp).is_null(),
                pl.lit(f"{source.timestamp} is null or empty"),
            ),
            *_time_rules(TIMESTAMP, source.timestamp, source, schema),
            _missing("event_type_missing", EVENT_TYPE, source.event_type_column or EVENT_TYPE),
            *(_missing("fold_key_missing", FOLD + key, key) for key in source.fold_by),
        ]
    elif source.known_from is not None:
        found += _time_rules(KNOWN_FROM, source.known_from, source, schema)
    for name, attribute in source.attributes.items():
        if attribute.type == "number" and not is_counted(source, attribute):
            found += _number_rules(name, attribute.column)
    return found


def is_refused(rules: list[Rule]) -> pl.Expr:
    """Whether a record breaks a rule; never null."""
    return pl.any_horizontal(rule.broken.fill_null(False) for rule in rules)


def quarantined(
    mapped: pl.LazyFrame, rules: list[Rule], source: EventSource | CustomersSource
) -> pl.LazyFrame:
    """The quarantine table of a source, in the order of files and records.

    Args:
        mapped: Mapped records that break a rule.
        rules: As made by `rules`.
        source: The section of the config.
    """
    raws = [c for c in mapped.collect_schema() if c.startswith(RAW)]
    as_json = pl.struct(pl.col(c).cast(pl.String).alias(c.removeprefix(RAW)) for c in raws)
    raw = pl.coalesce(pl.col(MALFORMED), as_json.struct.json_encode())
    return mapped.select(
        source=pl.lit(source.name),
        file=pl.col(FILE),
        record=pl.col(RECORD),
        rule=pl.coalesce(pl.when(rule.broken).then(pl.lit(rule.name)) for rule in rules),
        reason=pl.coalesce(pl.when(rule.broken).then(rule.reason) for rule in rules),
        raw=raw.str.slice(0, _RAW_CHARACTERS),
    )


def _missing(rule: str, column: str, raw_column: str) -> Rule:
    value = pl.col(column)
    return Rule(rule, value.is_null() | (value == ""), pl.lit(f"{raw_column} is null or empty"))


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
            NO_ZONE,
            lacks_zone(raw, schema[raw], format=format, zone=zone),
            _said(raw, f"{raw_column} is ", ", a stamp without a zone"),
        ),
        Rule(
            f"{column}_unparsable",
            pl.col(raw).is_not_null() & pl.col(column).is_null(),
            _said(raw, f"{raw_column} is ", f", not {expected}{where}"),
        ),
        Rule(
            f"{column}_out_of_range",
            outside,
            _said(raw, f"{raw_column} is ", f", outside the years {FIRST_YEAR} to {LAST_YEAR}"),
        ),
    ]


def _number_rules(name: str, raw_column: str) -> list[Rule]:
    raw, value = RAW + raw_column, pl.col(name)
    return [
        Rule(
            "attribute_not_a_number",
            pl.col(raw).is_not_null() & value.is_null(),
            _said(raw, f"{raw_column} is ", ", not a number"),
        ),
        Rule(
            "attribute_not_finite",
            ~value.cast(pl.Float32, strict=False).is_finite(),
            _said(raw, f"{raw_column} is ", ", not a finite number of 32 bits"),
        ),
    ]


def _said(raw: str, before: str, after: str) -> pl.Expr:
    found = pl.col(raw).cast(pl.String).str.slice(0, 100)
    return pl.concat_str(pl.lit(before), found, pl.lit(after), ignore_nulls=True)
