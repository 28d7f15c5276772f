"""Curves of `seqchurn.metrics.gain` -> charts: whom to act on, and whether that pays."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, DASHES, GUIDE

__all__ = ["gain_chart", "profit_chart"]

_WIDTH, _HEIGHT = 440, 300
_SHARE = "Customers who are acted on, the riskiest first"


def gain_chart(curves: Mapping[str, pl.DataFrame]) -> alt.LayerChart:
    """Share of the lost among the riskiest, a line per model; on the diagonal it is chance.

    Args:
        curves: Name to the frame of `seqchurn.metrics.gain_curve`, seven at most; the first has its
            95 % band.
    """
    up = alt.Y("gain:Q", title="Of those who were lost", scale=_whole(), axis=_percent())
    ends = pl.DataFrame({"share": [0.0, 1.0], "gain": [0.0, 1.0]})
    chance = alt.Chart(ends).mark_line(color=GUIDE, strokeDash=[4, 4], strokeWidth=1)
    diagonal = chance.encode(_across(), alt.Y("gain:Q"))
    return _drawn([diagonal, *_lines(curves, up)], "How many of the lost are caught?")


def profit_chart(curves: Mapping[str, pl.DataFrame]) -> alt.LayerChart:
    """Profit per customer by how many are acted on, a line per model with its best place.

    Args:
        curves: Name to the frame of `seqchurn.metrics.profit_curve`, seven at most; the first has
            its 95 % band.
    """
    up = alt.Y("profit:Q", title="Profit per customer of all")
    nothing = alt.Chart(pl.DataFrame({"profit": [0.0]})).mark_rule(color=GUIDE, strokeDash=[4, 4])
    best = pl.concat(
        curve.select(pl.lit(name).alias("model"), pl.all()).filter(
            pl.col("profit") == pl.col("profit").max()
        )[:1]
        for name, curve in curves.items()
    )
    point = alt.Chart(best).mark_point(filled=True, size=70, opacity=1)
    tooltip = [alt.Tooltip("share:Q", format=".0%"), "risk:Q", "profit:Q"]
    places = point.encode(_across(), up, _colour(curves), tooltip=tooltip)
    rule = nothing.encode(alt.Y("profit:Q"))
    return _drawn([rule, *_lines(curves, up), places], "Does it pay to act?")


def _lines(curves: Mapping[str, pl.DataFrame], up: alt.Y) -> list[alt.Chart]:
    first = next(iter(curves))
    points = pl.concat(
        curve.select(pl.lit(name).alias("model"), pl.all()) for name, curve in curves.items()
    )
    base = alt.Chart(points).encode(_across(), _colour(curves))
    banded = base.transform_filter(alt.FieldOneOfPredicate("model", oneOf=[first]))
    band = banded.mark_area(opacity=0.2).encode(alt.Y("lower:Q"), alt.Y2("upper:Q"))
    return [band, base.mark_line(strokeWidth=1.8).encode(up, _dash(curves))]


def _drawn(layers: list[alt.Chart], title: str) -> alt.LayerChart:
    chart: alt.LayerChart = alt.LayerChart(layer=layers).properties(
        width=_WIDTH, height=_HEIGHT, title=title
    )
    return chart


def _colour(curves: Mapping[str, pl.DataFrame]) -> alt.Color:
    scale = alt.Scale(domain=list(curves), range=COLOURS[: len(curves)])
    return alt.Color("model:N", scale=scale, legend=_legend())


def _dash(curves: Mapping[str, pl.DataFrame]) -> alt.StrokeDash:
    scale = alt.Scale(domain=list(curves), range=DASHES[: len(curves)])
    return alt.StrokeDash("model:N", scale=scale, legend=_legend())


def _legend() -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="bottom",
        columns=4,
        labelLimit=0,
        symbolType="stroke",
        symbolSize=600,  # long enough for dashes
        symbolOpacity=1,
    )


def _across() -> alt.X:
    return alt.X("share:Q", title=_SHARE, scale=_whole(), axis=_percent())


def _whole() -> alt.Scale:
    return alt.Scale(domain=[0, 1], nice=False)


def _percent() -> alt.Axis:
    return alt.Axis(format="%", tickCount=5)
