"""Probabilities that no order has come yet -> a chart of their curves."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import polars as pl

__all__ = ["survival_chart"]

_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"]
"""Of Okabe & Ito (2008), told apart by colour-blind readers."""
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 1]]
_WIDTH, _HEIGHT = 480, 280


def survival_chart(curves: Mapping[str, pl.DataFrame]) -> alt.Chart:
    """How probable it is, day by day, that the next order has not come yet.

    Args:
        curves: Name of each curve, five at most, to its `day` (date and time) and `survival`, in
            [0, 1], which falls.
    """
    points = pl.concat(
        curve.select(pl.lit(name).alias("curve"), "day", "survival")
        for name, curve in curves.items()
    )
    names = list(curves)
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0, symbolStrokeWidth=2.4)
    chart: alt.Chart = (
        alt.Chart(points)
        .mark_line(interpolate="step-after", strokeWidth=2.2)
        .encode(
            x=alt.X("day:T", title=None),
            y=alt.Y(
                "survival:Q",
                title="No order yet",
                scale=alt.Scale(domain=[0.0, 1.0]),
                axis=alt.Axis(format="%"),
            ),
            color=alt.Color(
                "curve:N",
                scale=alt.Scale(domain=names, range=_COLOURS[: len(names)]),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "curve:N",
                scale=alt.Scale(domain=names, range=_DASHES[: len(names)]),
                legend=legend,
            ),
        )
        .properties(width=_WIDTH, height=_HEIGHT, title="When does the next order come?")
    )
    return chart
