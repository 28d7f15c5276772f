"""Scores at rolling cutoffs -> a chart: how does a model age?

A row of panels for each score, a column for each horizon. The baselines are always fresh: where
the line of the frozen model leaves theirs behind or meets it, it is age; where all lines move
together, it is the season.
"""

from __future__ import annotations

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, GUIDE

__all__ = ["staleness_chart"]

_ROLES = {
    "frozen": ("network, fitted at the first cutoff", COLOURS[1], "circle"),
    "refitted": ("network, fitted at each cutoff", COLOURS[0], "square"),
    "best baseline": ("best baseline, fitted at each cutoff", GUIDE, "triangle-up"),
}
"""Words, colours and shapes."""
_SCORES = {
    "auc": "AUC, higher is better",
    "log_loss": "log-loss, lower is better",
    "ece": "ECE, lower is better",
}
_WIDTH, _HEIGHT = 200, 140


def staleness_chart(comparison: pl.DataFrame) -> alt.FacetChart:
    """Scores against the age of the frozen model, a row per score and a column per horizon.

    Args:
        comparison: Columns `horizon_days`, `elapsed_days` (since the first cutoff), `role`
            (frozen, refitted or best baseline), `auc`, `log_loss` and `ece`, as
            `seqchurn.evaluation.backtest.compared` returns.

    Returns:
        The chart; every panel has a scale of its own.
    """
    horizons = comparison["horizon_days"].unique().sort().to_list()
    words = {role: text for role, (text, *_) in _ROLES.items()}
    within = {horizon: f"within {horizon:g} days" for horizon in horizons}
    curves = comparison.unpivot(
        list(_SCORES), index=["horizon_days", "elapsed_days", "role"], variable_name="score"
    ).with_columns(
        pl.col("score").replace_strict(_SCORES),
        pl.col("role").cast(pl.String).replace_strict(words),
        within=pl.col("horizon_days").replace_strict(within, return_dtype=pl.String),
    )
    chart: alt.FacetChart = (
        _panel(curves)
        .facet(
            row=alt.Row("score:N", title=None, sort=list(_SCORES.values())),
            column=alt.Column("within:N", title=None, sort=list(within.values())),
            title=alt.TitleParams(
                "How the network ages",
                subtitle="Where all lines move together it is the season, not the age",
            ),
        )
        .resolve_scale(y="independent")
    )
    return chart


def _panel(curves: pl.DataFrame) -> alt.Chart:
    names, colours, shapes = zip(
        *(style for style in _ROLES.values() if style[0] in curves["role"]), strict=True
    )
    ages = alt.Axis(values=curves["elapsed_days"].unique().sort().to_list())
    legend = alt.Legend(title=None, orient="bottom", labelLimit=0)
    chart: alt.Chart = (
        alt.Chart(curves)
        .mark_line(point=alt.OverlayMarkDef(size=44), strokeWidth=1.8)
        .encode(
            x=alt.X("elapsed_days:Q", title="Age of the frozen model, days", axis=ages),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("role:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            shape=alt.Shape("role:N", scale=alt.Scale(domain=names, range=shapes), legend=legend),
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )
    return chart
