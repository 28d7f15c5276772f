"""Reliability curves -> a chart: does "30 %" come true in 30 of 100 cases?

One panel per horizon, predicted against observed, one line per model. On the diagonal a
probability is a frequency; below it the model promises orders that do not come. The first model
has its 95 % band; those of the others are as wide and would hide each other.
"""

from __future__ import annotations

import altair as alt
import polars as pl

__all__ = ["reliability_chart"]

_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
"""Okabe & Ito (2008): told apart by colour-blind readers; yellow left out, too faint for a line."""
_SIZE = 280
_PANELS_PER_ROW = 2


def reliability_chart(curve: pl.DataFrame) -> alt.ConcatChart:
    """Predicted probability against observed frequency, a panel per horizon, models by colour.

    Args:
        curve: Columns `horizon_days`, `model`, `n`, `predicted`, `observed`, `lower`, `upper`,
            as `seqchurn.evaluation.reliability` returns.

    Returns:
        The chart; both axes run from 0 to 100 %.
    """
    models = curve["model"].unique(maintain_order=True).to_list()
    horizons = curve["horizon_days"].unique().sort().to_list()
    panels = [_panel(curve.filter(pl.col("horizon_days") == h), h, models) for h in horizons]
    return alt.concat(*panels, columns=_PANELS_PER_ROW).properties(
        title=alt.TitleParams(
            "Predicted probability of an order and how often it came",
            subtitle=f"Bins of equal count; the band is the 95 % interval of {models[0]}",
        )
    )


def _panel(curve: pl.DataFrame, horizon_days: float, models: list[str]) -> alt.LayerChart:
    colour = alt.Color(
        "model:N",
        title="Model",
        scale=alt.Scale(domain=models, range=_COLOURS),
        legend=alt.Legend(symbolOpacity=1.0),
    )
    shape = alt.Shape("model:N", title="Model", scale=alt.Scale(domain=models))
    across = alt.X("predicted:Q", title="Predicted", scale=_scale(), axis=_axis())
    up = alt.Y("observed:Q", title="Observed", scale=_scale(), axis=_axis())
    base = alt.Chart(curve).encode(across, colour)
    first = alt.datum.model == models[0]
    band = base.mark_area(opacity=0.2).encode(alt.Y("lower:Q"), alt.Y2("upper:Q"))
    band = band.transform_filter(first)
    line = base.mark_line(strokeWidth=1.8).encode(up)
    points = base.mark_point(filled=True, size=34, opacity=1).encode(up, shape)
    panel = alt.LayerChart(layer=[_diagonal(), band, line, points])
    return panel.properties(title=f"within {horizon_days:g} days", width=_SIZE, height=_SIZE)


def _diagonal() -> alt.Chart:
    ends = pl.DataFrame({"predicted": [0.0, 1.0], "observed": [0.0, 1.0]})
    mark = alt.Chart(ends).mark_line(color="#777777", strokeDash=[4, 4], strokeWidth=1)
    diagonal: alt.Chart = mark.encode(alt.X("predicted:Q"), alt.Y("observed:Q"))
    return diagonal


def _scale() -> alt.Scale:
    return alt.Scale(domain=[0, 1], nice=False)


def _axis() -> alt.Axis:
    return alt.Axis(format="%", tickCount=5)
