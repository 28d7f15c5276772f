"""Observed against expected orders by week -> a chart: did as many come as the scores said?

A row of panels for customers who order and one for order days, a column for each horizon. Inside
the shaded band there is no alarm. On the line of one as many came as expected; above it more.
"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, GUIDE

__all__ = ["observed_expected_chart"]

_WIDTH, _HEIGHT = 200, 140


def observed_expected_chart(
    weeks: pl.DataFrame, *, quantities: Mapping[str, str], band: tuple[float, float]
) -> alt.FacetChart:
    """Observed/expected by week of the score tables, model versions by colour.

    Args:
        weeks: Columns `week`, `model`, `horizon_days`, and `_ratio`, `_low` and `_high` of each
            quantity, as `seqchurn.scoring.Monitoring.weeks` has; one cohort, weeks rising.
        quantities: Start of these columns to words.
        band: Lowest and highest ratio without an alarm.

    Returns:
        The chart; all panels have the same scales.
    """
    horizons = weeks["horizon_days"].unique().sort().to_list()
    within = {horizon: f"within {horizon:g} days" for horizon in horizons}
    points = pl.concat(
        weeks.select(
            "week",
            "model",
            pl.col("horizon_days").replace_strict(within, return_dtype=pl.String).alias("within"),
            pl.lit(words).alias("quantity"),
            *(pl.col(f"{what}_{part}").alias(part) for part in ("ratio", "low", "high")),
        )
        for what, words in quantities.items()
    )
    chart: alt.FacetChart = _panel(points, band).facet(
        row=alt.Row("quantity:N", title=None, sort=list(quantities.values())),
        column=alt.Column("within:N", title=None, sort=list(within.values())),
        title=alt.TitleParams(
            "Observed against expected orders: at 1 as many came as the scores said",
            subtitle=[
                f"With 95 % intervals; no alarm inside the shaded band, {band[0]:g} to {band[1]:g}",
                "By week of the score tables (its Monday), which are added up",
            ],
        ),
    )
    return chart


def _panel(points: pl.DataFrame, band: tuple[float, float]) -> alt.LayerChart:
    names = points["model"].unique(maintain_order=True).reverse().to_list()  # the newest first
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0, columns=2, symbolOpacity=1)
    weeks = points["week"].unique().sort().to_list()
    axis = alt.Axis(values=weeks, format="%Y-%m-%d", labelAngle=-40, labelOverlap="greedy")
    across = alt.X("week:T", title=None, scale=alt.Scale(type="utc", padding=12), axis=axis)
    shown = [*points["low"].drop_nulls(), *points["high"].drop_nulls()]
    domain = [min(0.9 * band[0], *shown), max(1.1 * band[1], *shown)]
    scale = alt.Scale(domain=domain, nice=False)
    up = alt.Y("ratio:Q", title="Observed / expected", scale=scale)
    colour = alt.Color("model:N", scale=alt.Scale(domain=names, range=COLOURS), legend=legend)
    shape = alt.Shape("model:N", scale=alt.Scale(domain=names), legend=legend)
    base = alt.Chart(points)
    of_version = base.encode(across, colour)
    once = base.transform_window(row="row_number()", groupby=["quantity", "within"])
    panels = once.transform_filter("datum.row == 1")
    no_alarm = panels.mark_rect(color=GUIDE, opacity=0.15).encode(
        alt.YDatum(band[0], scale=scale), alt.Y2Datum(band[1])
    )
    right = base.mark_rule(color=GUIDE, strokeDash=[4, 4]).encode(alt.YDatum(1.0, scale=scale))
    interval = of_version.mark_rule(strokeWidth=1.8).encode(
        alt.Y("low:Q", scale=scale), alt.Y2("high:Q")
    )
    line = of_version.mark_line(strokeWidth=1.2, opacity=0.6).encode(up)
    point = of_version.mark_point(filled=True, size=44, opacity=1).encode(up, shape)
    panel = alt.LayerChart(layer=[no_alarm, right, interval, line, point])
    return panel.properties(width=_WIDTH, height=_HEIGHT)
