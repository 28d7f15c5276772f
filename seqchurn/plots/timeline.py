"""Events of some customers and when they order next -> a chart with a row per customer."""

from __future__ import annotations

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, GUIDE
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP

__all__ = ["timeline_chart"]

_WIDTH, _ROW = 640, 22
_MOST_TYPES, _MOST_EVENTS = len(COLOURS), 200


def timeline_chart(events: pl.DataFrame, scores: pl.DataFrame | None = None) -> alt.LayerChart:
    """Events by type along time, a row per customer, and the window of the next order.

    Args:
        events: Rows of an events table, of as many customers as there is room for.
        scores: Their rows of a score table: the bar reaches from `next_order_p10` to
            `next_order_p90`, beyond reach to the end of the chart, and its tick is
            `next_order_p50`; the line is the moment `as_of`. Rows follow its order.

    Returns:
        The chart, of the last 200 events of each customer; the commonest types have a colour, the
        others are grey.
    """
    events = events.sort(TIMESTAMP).group_by(CUSTOMER_ID, maintain_order=True).tail(_MOST_EVENTS)
    order = events if scores is None else scores
    rows = order[CUSTOMER_ID].unique(maintain_order=True).to_list()
    types = events.group_by(EVENT_TYPE).len().sort("len", EVENT_TYPE, descending=[True, False])
    named = types[EVENT_TYPE].cast(pl.String).to_list()
    shown = named if len(named) <= _MOST_TYPES else [*named[: _MOST_TYPES - 1], "others"]
    kind = pl.col(EVENT_TYPE).cast(pl.String)
    points = events.select(
        CUSTOMER_ID,
        pl.col(TIMESTAMP).alias("at"),
        pl.when(kind.is_in(shown)).then(kind).otherwise(pl.lit("others")).alias("type"),
    )
    up = alt.Y(f"{CUSTOMER_ID}:N", title=None, sort=rows)
    colour = alt.Color(
        "type:N",
        scale=alt.Scale(domain=shown, range=COLOURS[: len(shown)]),
        legend=alt.Legend(title=None, orient="bottom", labelLimit=0),
    )
    shape = alt.Shape("type:N", scale=alt.Scale(domain=shown), legend=None)
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=36, opacity=0.75)
        .encode(alt.X("at:T", title=None), up, colour, shape)
    )
    layers = [marks] if scores is None else [*_windows(scores, up), marks]
    title = "Events" if scores is None else "Events, and when the next order comes (10 to 90 %)"
    chart: alt.LayerChart = alt.LayerChart(layer=layers).properties(
        width=_WIDTH, height=_ROW * len(rows), title=title
    )
    return chart


def _windows(scores: pl.DataFrame, up: alt.Y) -> list[alt.Chart]:
    known = [scores[c].max() for c in ("next_order_p10", "next_order_p50", "next_order_p90")]
    last = max((day for day in known if day is not None), default=scores["as_of"].max())
    bars = scores.filter(pl.col("next_order_p10").is_not_null()).select(
        CUSTOMER_ID,
        "as_of",
        start="next_order_p10",
        end=pl.col("next_order_p90").fill_null(last),
        middle="next_order_p50",
    )
    base = alt.Chart(bars)
    bar = base.mark_bar(color=COLOURS[0], opacity=0.25, height=_ROW - 8).encode(
        alt.X("start:T"), alt.X2("end:T"), up
    )
    tick = base.mark_tick(color=COLOURS[0], thickness=2, height=_ROW - 8)
    moment = alt.Chart(scores.select("as_of")[:1]).mark_rule(color=GUIDE, strokeDash=[4, 4])
    return [bar, tick.encode(alt.X("middle:T"), up), moment.encode(alt.X("as_of:T"))]
