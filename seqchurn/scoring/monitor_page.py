"""What was found of past scores -> the page that `seqchurn monitor` writes, and what it prints.

    within  version  customers          verdict  order days         verdict      tables  last
    7d      2        0.98 [0.95, 1.01]  in band  0.71 [0.66, 0.75]  out of band      28  2024-06-15

Of late first, for that is judged; then the newest versions, then the last weeks. All else stands in
the JSON files. What is printed fits a screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from seqchurn.console import table
from seqchurn.evaluation.table import digits, horizon_text
from seqchurn.scoring.monitor import QUANTITIES, Band, Monitoring

__all__ = ["monitor_page", "monitor_summary"]

_Row = Mapping[str, Any]
_HEADERS = {"customers": "customers", "orders": "order days"}
_SHOWN = 4
"""Versions and weeks of each horizon that stand on the page, the newest."""
_LINES = 19
"""Of a summary; a screen has 24, for what stands around it as well."""


def monitor_page(found: Monitoring, band: Band) -> str:
    """Lines without a final newline, of all customers; of late, of the other cohorts, too."""
    latest, versions, weeks = _rows(found)
    parts = [
        _latest(latest, band),
        _versions(_newest(versions, "first", _SHOWN)),
        _weeks(_newest(weeks, "week", _SHOWN)),
        _left_out(versions),
    ]
    return "\n\n".join(part for part in parts if part)


def monitor_summary(found: Monitoring, band: Band) -> str:
    """What of the page is judged, and the newest version of each horizon if there is room."""
    latest, versions, _ = _rows(found)
    parts = [_latest(latest, band), _left_out(versions)]
    judged = "\n\n".join(part for part in parts if part)
    more = f"{judged}\n\n{_versions(_newest(versions, 'first', 1))}"
    return more if more.count("\n") < _LINES else judged


def _rows(found: Monitoring) -> list[pl.DataFrame]:
    """Of late, by version and by week; of the latter two all customers."""
    names = found.versions["model"].str.extract(r"^(.*) version ").n_unique()
    version = pl.col("model").str.replace(r"^.* version ", "") if names == 1 else pl.col("model")
    all_customers = pl.col("cohort") == "all"
    tables = found.latest, found.versions.filter(all_customers), found.weeks.filter(all_customers)
    return [rows.with_columns(version) for rows in tables]


def _latest(rows: pl.DataFrame, band: Band) -> str:
    head = (
        "observed/expected of late, customers who order and order days, with 95 % intervals:\n"
        f"tables of {horizon_text(band.recent_days)}, of the version of the newest; an alarm "
        f"outside {band.low:g} to {band.high:g}"
    )
    parts = [head, _of_late(rows.filter(cohort="all"))]
    for cohort in rows.filter(pl.col("cohort") != "all")["cohort"].unique(maintain_order=True):
        parts += [f"of them, cohort {cohort}", _of_late(rows.filter(cohort=cohort))]
    return "\n\n".join(parts)


def _of_late(rows: pl.DataFrame) -> str:
    lines = [
        [*_left(row), *(cell for what in QUANTITIES for cell in _judged(row, what)), *_tables(row)]
        for row in rows.iter_rows(named=True)
    ]
    verdicts = [text for words in _HEADERS.values() for text in (words, "verdict")]
    return _grouped(lines, ["within", "version", *verdicts, "tables", "last"])


def _versions(rows: pl.DataFrame) -> str:
    lines = [
        [*_left(row), *(digits(row[score]) for score in ("auc", "log_loss", "ece")), *_tables(row)]
        for row in rows.iter_rows(named=True)
    ]
    headers = ["within", "version", "AUC", "log-loss", "ECE", "tables", "last"]
    head = "by version, means of its tables; higher is better: AUC; lower: log-loss, ECE"
    return f"{head}\n\n{_grouped(lines, headers)}"


def _weeks(rows: pl.DataFrame) -> str:
    lines = [
        [*_left(row), row["week"], row["tables"], *(c for w in QUANTITIES for c in _sums(row, w))]
        for row in rows.iter_rows(named=True)
    ]
    sums = [text for words in _HEADERS.values() for text in (words, "expected", "ratio")]
    head = "by week, its tables added up: an order counts in every table whose window holds it"
    return f"{head}\n\n{_grouped(lines, ['within', 'version', 'week of', 'tables', *sums])}"


def _left_out(rows: pl.DataFrame) -> str:
    """How many scores nothing is said of."""
    left_out = int((rows["scored"] - rows["n"]).sum())
    if not left_out:
        return ""
    return f"left out: {left_out:,} scores of customers who are no longer in the log"


def _newest(rows: pl.DataFrame, by: str, count: int) -> pl.DataFrame:
    rank = pl.col(by).rank("dense", descending=True).over("horizon_days")
    return rows.filter(rank <= count)


def _grouped(lines: Sequence[list[object]], headers: Sequence[str]) -> str:
    """A table that says a horizon once."""
    above = [None, *(line[0] for line in lines[:-1])]
    pairs = zip(lines, above, strict=True)
    return table([["" if line[0] == a else line[0], *line[1:]] for line, a in pairs], headers)


def _left(row: _Row) -> list[object]:
    return [horizon_text(row["horizon_days"]), row["model"]]


def _tables(row: _Row) -> list[object]:
    return [row["tables"], row["last"]]


def _judged(row: _Row, what: str) -> list[object]:
    ratio, low, high = (row[f"{what}_{part}"] for part in ("ratio", "low", "high"))
    interval = "-" if ratio is None else f"{ratio:.2f} [{low:.2f}, {high:.2f}]"
    return [interval, row[f"{what}_verdict"]]


def _sums(row: _Row, what: str) -> list[object]:
    ratio = row[f"{what}_ratio"]
    expected = round(row[f"{what}_expected"])
    return [row[f"{what}_observed"], expected, "-" if ratio is None else f"{ratio:.2f}"]
