from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.inspection import Section
from seqchurn.inspection.gaps import with_shares
from seqchurn.plots import (
    Chapter,
    events_chart,
    gap_chart,
    gap_histogram,
    orders_chart,
    page,
    save_chart,
)


def drawn(chart: Any, folder: Path) -> str:
    save_chart(chart, folder / "chart.svg")
    return (folder / "chart.svg").read_text(encoding="utf-8")


def data_of(chart: Any) -> pl.DataFrame:
    """The rows that a chart draws."""
    return pl.DataFrame(chart.data)


def months(types: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "month": [date(2024, 1, 1)] * types,
            "event_type": [f"t{i}" for i in range(types)],
            "events": [100 - i for i in range(types)],
        }
    )


def test_the_commonest_types_have_a_colour_and_the_rest_share_one(tmp_path: Path) -> None:
    text = drawn(events_chart(months(9)), tmp_path)
    assert [name for name in ("t0", "t5", "t6", "others") if f">{name}" in text] == [
        *["t0", "t5", "others"]
    ]
    assert data_of(events_chart(months(9))).filter(type="others")["events"].to_list() == [
        94 + 93 + 92
    ]
    assert "others" not in drawn(events_chart(months(7)), tmp_path)


def test_shares_of_customers_are_of_all_of_them() -> None:
    rows = data_of(orders_chart({"0": 1, "1": 3}))
    assert rows["share"].to_list() == [0.25, 0.75]


def test_bars_of_gaps_are_days_while_these_are_few_and_weeks_beyond() -> None:
    def bars(longest: int) -> pl.DataFrame:
        steps = range(1, longest + 1)
        gaps = pl.DataFrame({"steps": steps, "ended": [1] * longest, "open": [0] * longest})
        return data_of(gap_histogram(with_shares(gaps), step_days=1.0))

    days, weeks = bars(50), bars(400)
    assert (days["end"] - days["start"]).unique().to_list() == [1.0]
    assert days["start"].to_list()[:2] == [0.5, 1.5]
    assert (weeks["end"] - weeks["start"]).unique().to_list() == [7.0]
    assert days["share"].sum() == pytest.approx(0.96)  # up to the one that reaches 95 %


def test_both_curves_of_gaps_are_drawn(tmp_path: Path) -> None:
    gaps = with_shares(pl.DataFrame({"steps": [1, 4], "ended": [3, 1], "open": [0, 2]}))
    text = drawn(gap_chart(gaps, level=0.9, step_days=0.5), tmp_path)
    for words in ("gaps that ended", "all gaps, Kaplan-Meier", "churn horizon at 90%"):
        assert words in text


def test_numbers_stand_right_and_wide_tables_can_stack() -> None:
    narrow = Section("Few", ["what", "n"], [["a", 1234], ["b", None]])
    wide = Section("Many", list("abcde"), [["x", 1, "  2.5%", 0.25, "2 of 3"]], ["A note."])
    text = page("shop", facts={"span": "a < b"}, chapters=[Chapter(sections=[narrow, wide])])
    assert "<dt>span</dt><dd>a &lt; b</dd>" in text
    assert '<td class="number" data-head="n">1,234</td>' in text
    assert '<td class="number" data-head="n">-</td>' in text
    assert '<td class="number" data-head="c">2.5%</td>' in text
    assert '<td data-head="e">2 of 3</td>' in text
    assert text.count('<table class="wide">') == 1
    assert "<p>A note.</p>" in text
