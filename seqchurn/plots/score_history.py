"""Score tables of several moments -> a chart of how the scores are spread, moment by moment."""

from __future__ import annotations

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS

__all__ = ["score_history_chart"]

_WIDTH, _HEIGHT = 480, 260
_BANDS = ((0.05, 0.95, "5 to 95 %"), (0.25, 0.75, "25 to 75 %"))


def score_history_chart(scores: pl.DataFrame, *, column: str = "p_churn") -> alt.LayerChart:
    """Median and quantiles of a score over time: has the whole moved?

    Args:
        scores: Rows of score tables, with `as_of` and the column.
        column: A probability of the table.
    """
    value = pl.col(column)
    moments = scores.group_by("as_of").agg(median=value.median(), n=pl.len()).sort("as_of")
    bands = pl.concat(
        scores.group_by("as_of")
        .agg(lower=value.quantile(low, "linear"), upper=value.quantile(high, "linear"))
        .sort("as_of")
        .with_columns(customers=pl.lit(name))
        for low, high, name in _BANDS
    )
    names = [name for *_, name in _BANDS]
    across = alt.X("as_of:T", title=None)
    scale = alt.Scale(domain=[0, 1], nice=False)
    band = (
        alt.Chart(bands)
        .mark_area(color=COLOURS[0])
        .encode(
            across,
            alt.Y("lower:Q", title=column, scale=scale, axis=alt.Axis(format="%")),
            alt.Y2("upper:Q"),
            alt.Opacity(
                "customers:N",
                scale=alt.Scale(domain=names, range=[0.18, 0.32]),
                legend=alt.Legend(title="Customers", orient="bottom"),
            ),
        )
    )
    line = (
        alt.Chart(moments).mark_line(color=COLOURS[0], point=True).encode(across, alt.Y("median:Q"))
    )
    chart: alt.LayerChart = alt.LayerChart(layer=[band, line]).properties(
        width=_WIDTH, height=_HEIGHT, title=f"{column} of all customers, with the median"
    )
    return chart
