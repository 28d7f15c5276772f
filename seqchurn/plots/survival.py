"""Curves of waits, by day -> charts: has no order come yet, is one about to?"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, DASHES

__all__ = ["hazard_chart", "survival_chart"]

_WIDTH, _HEIGHT = 480, 280


def survival_chart(curves: Mapping[str, pl.DataFrame]) -> alt.Chart:
    """How probable it is, day by day, that the next order has not come yet.

    Args:
        curves: Name of each curve, seven at most, to its `day` (date and time) and `survival`, in
            [0, 1], which falls.
    """
    whole = alt.Scale(domain=[0.0, 1.0])
    up = alt.Y("survival:Q", title="No order yet", scale=whole, axis=alt.Axis(format="%"))
    return _chart(curves, up, "When does the next order come?")


def hazard_chart(curves: Mapping[str, pl.DataFrame]) -> alt.Chart:
    """How probable an order is on a day, if none has come before.

    Args:
        curves: Name of each curve, seven at most, to its `day` (date and time) and `hazard`, per
            step of the grid, in [0, 1].
    """
    up = alt.Y("hazard:Q", title="Order on the day, if none before", axis=alt.Axis(format="%"))
    return _chart(curves, up, "How likely is an order now?")


def _chart(curves: Mapping[str, pl.DataFrame], up: alt.Y, title: str) -> alt.Chart:
    names, column = list(curves), str(up.shorthand).partition(":")[0]
    points = pl.concat(
        curve.select(pl.lit(name).alias("curve"), "day", column) for name, curve in curves.items()
    )
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0, symbolStrokeWidth=2.4)
    colours = alt.Scale(domain=names, range=COLOURS[: len(names)])
    dashes = alt.Scale(domain=names, range=DASHES[: len(names)])
    chart: alt.Chart = (
        alt.Chart(points)
        .mark_line(interpolate="step-after", strokeWidth=2.2)
        .encode(
            alt.X("day:T", title=None),
            up,
            alt.Color("curve:N", scale=colours, legend=legend),
            alt.StrokeDash("curve:N", scale=dashes, legend=legend),
        )
        .properties(width=_WIDTH, height=_HEIGHT, title=title)
    )
    return chart
