"""Contents of an events table -> charts: events by month, orders per customer, gaps.

The colours are told apart on a light and on a dark page; all else takes the colours of the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, GUIDE

__all__ = ["events_chart", "gap_chart", "gap_histogram", "orders_chart"]

_WIDTH, _HEIGHT = 330, 200
_MOST_BARS, _MOST_POINTS = 90, 400
_SHOWN, _WHOLE_CURVE = 0.95, 0.99
_ENDED, _ALL = "gaps that ended", "all gaps, Kaplan-Meier"


def events_chart(months: pl.DataFrame) -> alt.Chart:
    """Events by month, stacked by type.

    Args:
        months: Columns `month` (date of its first day), `event_type`, `events`.

    Returns:
        The chart; the six commonest types have a colour of their own.
    """
    by_type = months.group_by("event_type").agg(pl.sum("events"))
    types = by_type.sort("events", "event_type", descending=[True, False])["event_type"].to_list()
    shown = types if len(types) <= len(COLOURS) else types[: len(COLOURS) - 1]
    known = pl.col("event_type").is_in(shown)
    names = [*shown, "others"] if len(shown) < len(types) else shown
    month = pl.col("month").cast(pl.String)  # a bare date is UTC to Vega, wherever the machine is
    kind = pl.when(known).then("event_type").otherwise(pl.lit("others")).alias("type")
    bars = months.group_by(month, kind).agg(pl.sum("events")).sort("month", "type")
    colour = alt.Color(
        "type:N",
        sort=names,
        scale=alt.Scale(domain=names, range=COLOURS[: len(names)]),
        legend=alt.Legend(title=None, orient="bottom", columns=3, labelLimit=100),
    )
    axis = alt.Axis(tickCount=6, labelOverlap=True)
    scale = alt.Scale(type="utc")
    across = alt.X("utcyearmonth(month):T", title=None, scale=scale, axis=axis)
    base = alt.Chart(bars, title="Events by month").mark_bar()
    return _sized(base.encode(across, alt.Y("events:Q", title="Events"), colour))


def orders_chart(customers: Mapping[str, int]) -> alt.Chart:
    """Share of customers by their number of orders.

    Args:
        customers: Customers in each class, by its name, in order of the classes.
    """
    counts = pl.DataFrame({"orders": list(customers), "customers": list(customers.values())})
    shares = counts.with_columns(share=pl.col("customers") / pl.col("customers").sum())
    across = alt.X("orders:N", sort=None, title="Orders", axis=alt.Axis(labelAngle=0))
    up = alt.Y("share:Q", title="Share of customers", axis=alt.Axis(format="%"))
    base = alt.Chart(shares, title="Orders per customer").mark_bar(color=COLOURS[0])
    return _sized(base.encode(across, up))


def gap_histogram(gaps: pl.DataFrame, *, step_days: float) -> alt.Chart:
    """Lengths of the gaps that ended, of the shortest 95 %: shows rhythms such as weeks.

    Args:
        gaps: As `seqchurn.inspection.gaps.with_shares` returns, at least one that ended.
        step_days: Resolution of the grid, in days.

    Returns:
        The chart; a bar is one step or a whole number of them.
    """
    ended = gaps.filter(pl.col("ended") > 0)
    within = pl.col("share_ended").shift(1, fill_value=0.0) < _SHOWN
    shown = ended.filter(within)
    first, last = int(shown["steps"].min()), int(shown["steps"].max())  # type: ignore[arg-type]
    whole = 7 if step_days == 1.0 else 1  # other widths than weeks would beat with the weekdays
    span = last - first + 1
    width = 1 if span <= _MOST_BARS else math.ceil(span / _MOST_BARS / whole) * whole
    start = (pl.col("steps") - first) // width * width + first
    bars = (
        shown.group_by(start.alias("start"))
        .agg(pl.sum("ended"))
        .sort("start")
        .select(
            start=(pl.col("start") - 0.5) * step_days,
            end=(pl.col("start") + width - 0.5) * step_days,
            share=pl.col("ended") / ended["ended"].sum(),
        )
    )
    scale = alt.Scale(nice=False, zero=False)
    across = alt.X("start:Q", title="Days to the next order", scale=scale)
    up = alt.Y("share:Q", title="Share of gaps that ended", axis=alt.Axis(format="%"))
    base = alt.Chart(bars, title="Days between orders").mark_bar(color=COLOURS[0], binSpacing=0.5)
    return _sized(base.encode(across, alt.X2("end:Q"), up, alt.Y2Datum(0)))


def gap_chart(gaps: pl.DataFrame, *, level: float, step_days: float) -> alt.LayerChart:
    """Share of gaps that are at most so long, up to 99 %: of those that ended, and of all.

    Args:
        gaps: As `seqchurn.inspection.gaps.with_shares` returns.
        level: The share at which the churn horizon is read off, drawn as a line.
        step_days: Resolution of the grid, in days.
    """
    shown = gaps.filter(pl.col("share_all").shift(1, fill_value=0.0) < _WHOLE_CURVE)
    kept = shown.gather_every(math.ceil(shown.height / _MOST_POINTS))
    curves = pl.concat(
        kept.select(days=pl.col("steps") * step_days, share=column, gaps=pl.lit(name))
        for column, name in (("share_ended", _ENDED), ("share_all", _ALL))
    )
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0)
    scale = alt.Scale(domain=[_ENDED, _ALL], range=COLOURS[:2])
    lines = (
        alt.Chart(curves)
        .mark_line(interpolate="step-after", strokeWidth=1.8)
        .encode(
            alt.X("days:Q", title="Days to the next order", scale=alt.Scale(nice=False)),
            alt.Y("share:Q", title="Share", scale=_whole(), axis=alt.Axis(format="%")),
            alt.Color("gaps:N", scale=scale, legend=legend),
        )
    )
    at = alt.Chart(pl.DataFrame({"share": [level]}))
    rule = at.mark_rule(color=GUIDE, strokeDash=[4, 4]).encode(alt.Y("share:Q"))
    title = f"Share of gaps that are over; churn horizon at {level:.0%}"
    return alt.LayerChart(layer=[rule, lines], title=title, width=_WIDTH, height=_HEIGHT)


def _whole() -> alt.Scale:
    return alt.Scale(domain=[0, 1], nice=False)


def _sized(chart: alt.Chart) -> alt.Chart:
    sized: alt.Chart = chart.properties(width=_WIDTH, height=_HEIGHT)
    return sized
