"""Rows of the results -> the aligned table that is printed."""

from __future__ import annotations

from collections.abc import Sequence

from seqchurn.console import table
from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.rows import GIB

__all__ = ["growth_page", "page"]

_VERDICTS = {True: "met", False: "MISSED", None: "-"}


def page(rows: Sequence[Row]) -> str:
    """One line a row, then what has to be known to read them."""
    headers = ["what", "value", "unit", "floor", "ratio", "target", "", "spread", "peak GiB"]
    headers += ["floor GiB", "rounds"]
    notes = [f"{row['what']}: {row['note']}" for row in rows if row["note"]]
    return "\n".join(
        [
            "medians; ratio: how many times as long as the floor; spread: (max - min) / median",
            table([_line(row) for row in rows], headers),
            "",
            *notes,
        ]
    )


def _line(row: Row) -> list[object]:
    spreads = [row["spread"], row["floor_spread"]]
    return [
        row["what"],
        _digits(row["value"]),
        row["unit"] or "-",
        _digits(row["floor"]),
        "-" if row["ratio"] is None else f"{row['ratio']:.2f}",
        f"{row['target_of']} {row['target']:g}" if row["target"] is not None else "-",
        _VERDICTS[row["met"]],
        " / ".join(f"{100 * spread:.0f}%" for spread in spreads if spread is not None) or "-",
        _gib(row["peak_rss_bytes"]),
        _gib(row["floor_peak_rss_bytes"]),
        row["rounds"],
    ]


def growth_page(rows: Sequence[Row], slopes: Sequence[Row], goals: Sequence[Row]) -> str:
    """What more of everything costs."""
    headers = ["what", "size", "of", "seconds", "each, us", "peak GiB"]
    lines = [
        [
            r["what"],
            r["size"],
            r["of"],
            _digits(r["seconds"]),
            _digits(r["each_us"]),
            _gib(r["peak_rss_bytes"]),
        ]
        for r in rows
    ]
    bends = [
        [r["what"], f"{r['slope']:.2f}", f"{r['least']:.2f} - {r['most']:.2f}"] for r in slopes
    ]
    return "\n\n".join(
        [
            table(lines, headers),
            "slope of log seconds over log size; 1 grows as the size does\n"
            + table(bends, ["what", "slope", "from step to step"]),
            page(goals),
        ]
    )


def _digits(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _gib(size: int | None) -> str:
    return "-" if size is None else f"{size / GIB:.2f}"
