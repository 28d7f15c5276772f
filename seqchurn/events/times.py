"""Stamps of any kind in a raw log -> instants, Datetime[us, UTC].

Nothing is guessed from the values, so that the order of records cannot matter: text is ISO 8601
or has the format that the config names, and a stamp without a zone needs one from the config.
Of a local time that occurs twice the earlier instant is meant; one that does not exist is null.
"""

from __future__ import annotations

import re

import polars as pl

from seqchurn.errors import ConfigError

__all__ = ["FIRST_YEAR", "LAST_YEAR", "INSTANT", "lacks_zone", "with_instants"]

_EPOCH_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Values of `timestamp_format` for numbers since 1970-01-01 UTC, with their microseconds."""

INSTANT = "seqchurn:instant"

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years outside are placeholders or numbers of another unit, not times of events."""

# Formats of the commonest texts by their bytes: each is read several times as fast alone.
_COMMON = {
    20: "%Y-%m-%dT%H:%M:%SZ",
    24: "%Y-%m-%dT%H:%M:%S.%3fZ",
    27: "%Y-%m-%dT%H:%M:%S.%6fZ",
}
_COMMON_LOCAL = {19: "%Y-%m-%dT%H:%M:%S", 23: "%Y-%m-%dT%H:%M:%S.%3f"}

_TO_SECONDS, _TO_MINUTES, _TO_DAYS = "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d"
_TEXT, _OFFSET, _SECONDS = "seqchurn:text", "seqchurn:offset", "seqchurn:seconds"
_SHAPES = [f"seqchurn:shape{number}" for number in range(4)]


def with_instants(
    raw: pl.LazyFrame, column: str, *, format: str | None, zone: str | None, place: str
) -> pl.LazyFrame:
    """Add `INSTANT`, a raw column as instants; null where it is null or cannot be read.

    Args:
        raw: Raw frame.
        column: Name of a column with datetimes, dates, text or numbers.
        format: `timestamp_format` of the config: strptime format of text, or s, ms or us for
            numbers (in text or not) since 1970-01-01 UTC; None: text is ISO 8601.
        zone: Zone of stamps that carry none.
        place: Where in the config, for messages.

    Raises:
        ConfigError: If the type cannot be a time, or a zone or a unit is missing.
    """
    dtype = raw.collect_schema()[column]
    if dtype == pl.String and format is None:
        return _with_iso(raw, column, zone)
    return raw.with_columns(_instant(column, dtype, format, zone, place).alias(INSTANT))


def lacks_zone(
    column: str, instant: pl.Expr, dtype: pl.DataType, *, format: str | None, zone: str | None
) -> pl.Expr:
    """Whether a stamp that cannot be read is ISO text without an offset, and no zone is named.

    Args:
        column: Name of the raw column.
        instant: What was read of it.
        dtype: Of the raw column.
        format: `timestamp_format` of the config.
        zone: Zone of stamps that carry none.
    """
    if dtype != pl.String or format is not None or zone is not None:
        return pl.lit(False)
    text = _normalised(pl.when(instant.is_null()).then(pl.col(column)))
    local = [_parsed(text, f) for f in (_TO_SECONDS, _TO_MINUTES, _TO_DAYS)]
    return pl.coalesce(local).is_not_null()


def _no_zone(place: str, column: str) -> ConfigError:
    """The error of a stamp without a zone where the config names none."""
    return ConfigError(
        f"{place}: stamps in column {column} carry no time zone. Set timezone to the zone of the "
        "clock that wrote them, such as UTC or Europe/London."
    )


def _instant(
    column: str, dtype: pl.DataType, format: str | None, zone: str | None, place: str
) -> pl.Expr:
    value = pl.col(column)
    if format in _EPOCH_UNITS and (dtype == pl.String or dtype.is_numeric()):
        return _since_epoch(value, dtype, _EPOCH_UNITS[format])
    if dtype == pl.String and format is not None:
        return _from_text(column, format, zone, place)
    if dtype == pl.Null:
        return value.cast(pl.Datetime("us", "UTC"))
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return value.cast(pl.Datetime("us", dtype.time_zone)).dt.convert_time_zone("UTC")
    if isinstance(dtype, (pl.Datetime, pl.Date)):
        if zone is None:
            raise _no_zone(place, column)
        return _from_local(value.cast(pl.Datetime("us")), zone)
    if dtype.is_numeric():
        raise ConfigError(
            f"{place}: timestamp column {column} holds numbers ({dtype}); expected times. If they "
            "count from 1970-01-01 UTC, set timestamp_format to s, ms or us."
        )
    raise ConfigError(
        f"{place}: timestamp column {column} is {dtype}; expected a datetime, a date or text. Name "
        "another column, or write it so in the log."
    )


def _since_epoch(value: pl.Expr, dtype: pl.DataType, microseconds: int) -> pl.Expr:
    number = value.str.strip_chars() if dtype == pl.String else value
    if dtype.is_integer():
        ticks = number.cast(pl.Float64) * microseconds  # tells overflow, which Int64 would not
        exact = number.cast(pl.Int64, strict=False) * microseconds
        ticks = pl.when(ticks.abs() < 2**62).then(exact)
    else:
        ticks = number.cast(pl.Float64, strict=False) * microseconds
        ticks = ticks.round().cast(pl.Int64, strict=False)
    return ticks.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _from_text(column: str, format: str, zone: str | None, place: str) -> pl.Expr:
    parsed = _parsed(pl.col(column).str.strip_chars(), format)
    if re.search("%[:#]*z", format):
        return parsed
    if zone is None:
        raise _no_zone(place, column)
    return _from_local(parsed, zone)


def _with_iso(raw: pl.LazyFrame, column: str, zone: str | None) -> pl.LazyFrame:
    """Try each text with the formats its shape allows only: a parse that fails is what costs."""
    text, offset, seconds = pl.col(_TEXT), pl.col(_OFFSET), pl.col(_SECONDS)
    common = [_common(text, _COMMON).dt.replace_time_zone("UTC")]
    if zone is not None:
        common.append(_from_local(_common(text, _COMMON_LOCAL), zone))
    raw = (
        raw.with_columns(pl.col(column).str.replace(" ", "T", literal=True).alias(_TEXT))
        .with_columns(pl.coalesce(common).alias(INSTANT))
        .with_columns(pl.when(pl.col(INSTANT).is_null()).then(pl.col(column)).alias(_TEXT))
        .with_columns(_normalised(text))
        .with_columns(
            text.str.contains("T.*[+-]").alias(_OFFSET),
            text.str.contains("T[0-9]+:[0-9]+:").alias(_SECONDS),
        )
        .with_columns(
            pl.when(offset & seconds).then(text).alias(_SHAPES[0]),
            pl.when(offset & ~seconds).then(text).alias(_SHAPES[1]),
            pl.when(~offset & seconds).then(text).alias(_SHAPES[2]),
            pl.when(~offset & ~seconds).then(text).alias(_SHAPES[3]),
        )
    )
    shapes = [pl.col(name) for name in _SHAPES]
    found = [_parsed(shapes[0], _TO_SECONDS + "%#z"), _parsed(shapes[1], _TO_MINUTES + "%#z")]
    if zone is not None:
        local = [(shapes[2], _TO_SECONDS), (shapes[3], _TO_MINUTES), (shapes[3], _TO_DAYS)]
        found.append(_from_local(pl.coalesce(_parsed(*each) for each in local), zone))
    with_instants = raw.with_columns(pl.coalesce(INSTANT, *found).alias(INSTANT))
    return with_instants.drop(_TEXT, _OFFSET, _SECONDS, *_SHAPES)


def _common(text: pl.Expr, formats: dict[int, str]) -> pl.Expr:
    """Text of the commonest shapes as times; null: of another shape, or of none."""
    size = pl.when(text.str.contains("^[-0-9T:.Z]*$")).then(text.str.len_bytes())
    of_shape = {format: pl.when(size == n).then(text) for n, format in formats.items()}
    return pl.coalesce(_parsed(text, format) for format, text in of_shape.items())


def _from_local(local: pl.Expr, zone: str) -> pl.Expr:
    return local.dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")


def _normalised(value: pl.Expr) -> pl.Expr:
    """ISO text with T between date and time, and an offset in place of Z."""
    text = value.str.strip_chars().str.replace(" ", "T", literal=True)
    return text.str.replace("Z$", "+00:00").str.replace(" ", "", literal=True)


def _parsed(text: pl.Expr, format: str) -> pl.Expr:
    return text.str.strptime(pl.Datetime("us"), format, strict=False)
