"""Contents of an events table -> facts and tables in words, for a terminal and a page alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from seqchurn.inspection.attribute_rows import attribute_rows
from seqchurn.inspection.contents import Contents
from seqchurn.inspection.gaps import CHURN_LEVEL, gap_quantile
from seqchurn.inspection.words import duration, plain, share
from seqchurn.schema import EVENT_TYPE

__all__ = ["Section", "facts", "quarantine_table", "records_table", "sections"]

_LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_MOST_TYPES = 5
_MONTH = pl.col("month").dt
_PERIODS = {
    "month": _MONTH.strftime("%Y-%m"),
    "quarter": pl.format("{}-Q{}", _MONTH.year(), _MONTH.quarter()),
    "year": _MONTH.strftime("%Y"),
}
_NOT_COUNTS = ("source", "warnings")


@dataclass(frozen=True)
class Section:
    """A table with a title."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    """Cells are text, numbers or None; without rows the notes say why."""
    notes: Sequence[str] = ()
    """Sentences below it."""


def facts(contents: Contents) -> dict[str, str]:
    """What one would say first: what is counted, to the count in words."""
    manifest, clock = contents.manifest, contents.mapped.clock
    first, last = (
        datetime.fromisoformat(manifest[f"{end}_timestamp"]) for end in ("first", "last")
    )
    customers = manifest["n_customers"]
    none, one, *_ = contents.customers_by_orders.values()
    days = (last - first).total_seconds() / 86_400
    said = {
        "span": f"{_date(contents, first)} to {_date(contents, last)}, {days:,.0f} days",
        "customers": f"{customers:,}; {share(none, customers)} without an order, "
        f"{share(one, customers)} with one",
        "events": f"{manifest['n_events']:,} of {contents.types.height} types",
        "end of log": f"{_date(contents, clock.moment(contents.end_day))}, where open gaps are cut",
    }
    if not contents.has_orders:
        said["no orders"] = (
            f"waits.target {contents.mapped.target} never occurs; name one of the types below"
        )
    return said


def sections(contents: Contents, *, most_periods: int = 36) -> list[Section]:
    """Tables from the whole to the parts.

    Args:
        contents: What is in the table.
        most_periods: Rows for which months are shown; for more, quarters or years.
    """
    return [
        _types(contents),
        _periods(contents, most_periods),
        _orders(contents),
        _gaps(contents),
        _churn_horizon(contents),
        _ties(contents),
        records_table(contents.manifest["sources"]),
        quarantine_table(contents.manifest["quarantined"]),
        _attributes(contents),
    ]


def _date(contents: Contents, moment: datetime) -> str:
    """A local date, with the time where the grid is finer than days."""
    clock = contents.mapped.clock
    local = moment.astimezone(ZoneInfo(clock.timezone))
    return f"{local:%Y-%m-%d}" if clock.counts_calendar_days else f"{local:%Y-%m-%d %H:%M:%S}"


def _types(contents: Contents) -> Section:
    whole = contents.manifest["n_events"]
    rows = [
        [
            plain(row[EVENT_TYPE]),
            row["events"],
            share(row["events"], whole).rjust(6),
            row["customers"],
            *(_date(contents, row[end]) for end in ("first", "last")),
        ]
        for row in _commonest_first(contents.types).to_dicts()
    ]
    headers = ["type", "events", "share", "customers", "first", "last"]
    return Section("Events by type", headers, rows)


def _commonest_first(types: pl.DataFrame) -> pl.DataFrame:
    return types.sort("events", EVENT_TYPE, descending=[True, False])


def _periods(contents: Contents, most: int) -> Section:
    months = contents.months.with_columns(**_PERIODS)
    name = next((name for name in _PERIODS if months[name].n_unique() <= most), "year")
    types = _commonest_first(contents.types)[EVENT_TYPE].to_list()
    shown = types if len(types) <= _MOST_TYPES else types[: _MOST_TYPES - 1]
    rows = [
        _period_row(period, table, shown)
        for (period,), table in months.sort(name).group_by(name, maintain_order=True)
    ]
    others = ["others"] if len(shown) < len(types) else []
    headers = [name, "all", *map(plain, shown), *others]
    return Section(f"Events by {name}", headers, [row[: len(headers)] for row in rows])


def _period_row(period: object, table: pl.DataFrame, shown: Sequence[str]) -> list[object]:
    by_type = dict(table.group_by(EVENT_TYPE).agg(pl.sum("events")).iter_rows())
    whole = sum(by_type.values())
    of_shown = [by_type.get(kind, 0) for kind in shown]
    return [period, whole, *of_shown, whole - sum(of_shown)]


def _orders(contents: Contents) -> Section:
    counts = contents.customers_by_orders.values()
    numbers, shares = [f"{n:,}" for n in counts], [share(n, sum(counts)) for n in counts]
    width = max(map(len, [*numbers, *shares, *contents.customers_by_orders]))
    rows = [
        [name, *(cell.rjust(width) for cell in cells)]
        for name, cells in (("customers", numbers), ("share", shares))
    ]
    note = f"Orders of a customer in one step of {_step(contents)} count as one."
    headers = ["orders", *(name.rjust(width) for name in contents.customers_by_orders)]
    return Section("Orders per customer", headers, rows, [note])


def _gaps(contents: Contents) -> Section:
    gaps, step_days = contents.gaps, contents.mapped.clock.step_days
    ended = int(gaps["ended"].sum())
    whole = ended + int(gaps["open"].sum())

    def quantiles(column: str) -> Iterator[float | None]:
        for level in _LEVELS:
            steps = gap_quantile(gaps, column, level)
            yield None if steps is None else steps * step_days

    rows = [
        ["that ended", ended, *quantiles("share_ended")],
        ["all (Kaplan-Meier)", whole, *quantiles("share_all")],
    ]
    notes = []
    if None in rows[1]:
        notes.append("-: longer than the log can tell.")
    headers = ["gaps", "number", *(f"{level:.0%}" for level in _LEVELS)]
    return Section("Days between orders", headers, rows, notes)


def _churn_horizon(contents: Contents) -> Section:
    gaps = contents.gaps
    ended, of_all = (
        gap_quantile(gaps, column, CHURN_LEVEL) for column in ("share_ended", "share_all")
    )
    if ended is None:
        return Section("Churn horizon", [], [], ["No customer ordered twice: no gap to judge by."])
    short, long = _length(contents, ended), _length(contents, of_all)
    level = f"{CHURN_LEVEL:.0%}"
    if of_all is None:
        came = float(gaps["share_all"].max())  # type: ignore[arg-type]
        longest = _length(contents, int(gaps["steps"].max()))  # type: ignore[arg-type]
        all_said = f"not within the log: {came:.0%} of all gaps end within {longest} (Kaplan-Meier)"
    else:
        all_said = f"{level} of all gaps, open ones as far as they were seen (Kaplan-Meier)"
    rows = [
        [short, f"{level} of the gaps that ended; ignores customers who never came back"],
        [long, all_said],
    ]
    return Section("Churn horizon, suggested", ["horizon", "what it means"], rows)


def _length(contents: Contents, steps: int | None) -> str:
    return "-" if steps is None else duration(steps * contents.mapped.clock.step_days)


def _step(contents: Contents) -> str:
    return duration(contents.mapped.clock.step_days)


def _ties(contents: Contents) -> Section:
    counts = {tie: (places, events) for tie, places, events in contents.ties.iter_rows()}
    orders = contents.types.filter(pl.col(EVENT_TYPE) == contents.mapped.target)
    of_what = {
        "instant": ("instants with several events", contents.manifest["n_events"]),
        "step": (f"steps of {_step(contents)} with several orders", int(orders["events"].sum())),
    }
    rows = [
        [what, *counts[tie], share(counts[tie][1], whole).rjust(6)]
        for tie, (what, whole) in of_what.items()
    ]
    return Section("Ties within a customer", ["what", "number", "events in them", "share"], rows)


def records_table(reports: Sequence[dict[str, Any]]) -> Section:
    """What became of the records of each source, as the manifest of the events table has it."""
    counts = [name for name in reports[0] if name not in _NOT_COUNTS]
    rows = [[plain(report["source"]), *(report[count] for count in counts)] for report in reports]
    notes = [f"{plain(r['source'])}: {warning}." for r in reports for warning in r["warnings"]]
    headers = ["source", *(count.replace("_", " ") for count in counts)]
    return Section("Records by source", headers, rows, notes)


def quarantine_table(reasons: dict[str, dict[str, int]]) -> Section:
    """Refused records by source and rule, as the manifest of the events table has them."""
    counts = [(n, source, rule) for source, rules in reasons.items() for rule, n in rules.items()]
    rows = [[plain(source), rule, n] for n, source, rule in sorted(counts, key=lambda c: -c[0])]
    notes = [] if rows else ["No record was refused."]
    return Section("Quarantine", ["source", "refused for", "records"], rows, notes)


def _attributes(contents: Contents) -> Section:
    names = [*contents.mapped.attributes, *contents.mapped.static]
    rows = attribute_rows(contents.attributes, contents.values, names)
    notes = [] if rows else ["The config maps no attribute."]
    headers = ["attribute", "of", "missing", "values", "which"]
    return Section("Attributes", headers, rows, notes)
