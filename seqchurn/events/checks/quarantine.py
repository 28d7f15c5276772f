"""Refused records -> the quarantine table; its commonest reasons in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl

from seqchurn.config.sources import CsvSource, CustomersSource, LinksSource, Source
from seqchurn.events.checks.column_rules import Rule
from seqchurn.events.filtering import UNDECIDED
from seqchurn.events.identity.identifiers import LINKED, PLAIN_IDS, Naming
from seqchurn.events.identity.keyed import keyed
from seqchurn.events.mapping import RAW
from seqchurn.events.sources import FILE, MALFORMED, RECORD
from seqchurn.events.sources.csv import scan
from seqchurn.events.sources.snowplow import fault
from seqchurn.events.sources.structure import Damage, csv_damage, json_damage, too_long, undecoded
from seqchurn.schema import CUSTOMER_ID

__all__ = ["commonest", "quarantined"]

_RAW_CHARACTERS = 2_000
_SHOWN_CHARACTERS = 120
_DAMAGE = "seqchurn:damage"
_FIRST = "seqchurn:first_broken"
_TEXT = "seqchurn:text"
_RULE_AND_REASON = pl.Struct({"rule": pl.String, "reason": pl.String})


def quarantined(
    mapped: pl.LazyFrame,
    rules: list[Rule],
    source: Source,
    *,
    naming: Naming = PLAIN_IDS,
    forget_raw: bool = False,
) -> pl.LazyFrame:
    """The quarantine table of a source, in the order of files and records.

    Where ids are hashed, no value of a record is shown: reasons say "(hidden)" instead, and the
    raw text is a keyed hash.

    Args:
        mapped: Mapped records that break a rule.
        rules: All rules of the source; the first broken one counts.
        source: The section of the config.
        naming: Under which the records were mapped.
        forget_raw: Keep no text where the customer could not be read: it may be of somebody
            who was forgotten. Reasons quote nothing of such records.

    Returns:
        The columns of the table, and beside them `LINKED` where the mapped records have it.
    """
    raws = [column for column in mapped.collect_schema() if column.startswith(RAW)]
    values = pl.struct(pl.col(c).cast(pl.String).alias(c.removeprefix(RAW)) for c in raws)
    broken = (pl.when(rule.broken).then(number) for number, rule in enumerate(rules))
    marked = mapped.with_columns(
        _damage(source).alias(_DAMAGE),
        pl.coalesce(broken).alias(_FIRST),
        pl.coalesce(MALFORMED, values.struct.json_encode()).alias(_TEXT),
    )
    text, own = pl.col(_TEXT), pl.col(CUSTOMER_ID)
    text = keyed(text, naming.key) if naming.key else text.str.slice(0, _RAW_CHARACTERS)
    beside = {LINKED: pl.col(LINKED)} if LINKED in mapped.collect_schema() else {}
    return (_hidden(marked, raws) if naming.key else marked).select(
        source=pl.lit(source.name),
        file=pl.col(FILE),
        record=pl.col(RECORD),
        rule=_said("rule", [pl.lit(rule.name) for rule in rules]),
        reason=_said("reason", [rule.reason for rule in rules]),
        customer_id=naming.name(own),
        raw=pl.when(own.is_not_null()).then(text) if forget_raw else text,
        **beside,
    )


def commonest(quarantine: pl.LazyFrame, at_most: int) -> list[str]:
    """The rules that most records break, each with its count and the first record that does.

    Args:
        quarantine: The quarantine table of one source or several.
        at_most: How many rules to name.
    """
    first = pl.col("file", "record", "reason", "raw").first()
    rules = quarantine.group_by("source", "rule", maintain_order=True).agg(pl.len(), first)
    most = rules.sort("len", descending=True, maintain_order=True).head(at_most).collect()
    return [
        f"{source}: {count} {rule}, as in record {record} of {Path(file).name}: {reason}"
        + (f", in {_cut(raw)}" if raw is not None else "")
        for source, rule, count, file, record, reason, raw in most.iter_rows()
    ]


def _hidden(marked: pl.LazyFrame, raws: list[str]) -> pl.LazyFrame:
    """The same without the values that reasons quote."""
    columns = {raw: pl.lit("(hidden)") for raw in raws}
    if UNDECIDED in marked.collect_schema():  # a column and its value: amount is 1,5
        columns[UNDECIDED] = pl.col(UNDECIDED).str.replace("(?s) is .*", " is (hidden)")
    return marked.with_columns(**columns)


def _said(field: str, of_rules: list[pl.Expr]) -> pl.Expr:
    """What is said of the damage of a record, or else of the first rule that it breaks."""
    of_first = (pl.when(pl.col(_FIRST) == number).then(s) for number, s in enumerate(of_rules))
    return pl.coalesce(pl.col(_DAMAGE).struct.field(field), *of_first)


def _damage(source: Source) -> pl.Expr:
    """What is wrong with the structure of a line: rule and reason, null where nothing is."""
    if source.kind == "snowplow":
        return _snowplow_damage()
    judge = _judge(source)

    def judged(line: dict[str, str]) -> dict[str, str] | None:
        text = line[MALFORMED]
        found = too_long(text) or judge(text, line[FILE]) or undecoded(text)
        return None if found is None else found._asdict()

    lines = pl.when(pl.col(MALFORMED).is_not_null()).then(pl.struct(FILE, MALFORMED))
    return lines.map_elements(judged, return_dtype=_RULE_AND_REASON)


def _judge(source: Source) -> Callable[[str, str], Damage | None]:
    """What tells the damage of a line of a file; of a table the ending tells the format."""
    separator = source.separator if isinstance(source, CsvSource) else ","
    is_table = isinstance(source, CustomersSource | LinksSource)

    @cache
    def fields(file: str) -> int:
        names = scan(Path(file), separator=separator).collect_schema().names()
        return len([name for name in names if name not in (FILE, RECORD)])

    def judge(line: str, file: str) -> Damage | None:
        if isinstance(source, CsvSource) or (is_table and file.lower().endswith(".csv")):
            return csv_damage(line, fields(file), separator)
        return json_damage(line)

    return judge


def _snowplow_damage() -> pl.Expr:
    line = pl.col(MALFORMED)
    reason = fault(line)
    rule = (
        pl.when(reason.str.starts_with("wrong field count"))
        .then(pl.lit("field_count_wrong"))
        .when(reason.str.starts_with("broken JSON"))
        .then(pl.lit("json_broken"))
        .otherwise(pl.lit("encoding_broken"))
    )
    return pl.when(line.is_not_null()).then(pl.struct(rule=rule, reason=reason))


def _cut(raw: str) -> str:
    text = " ".join(raw.split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
