"""Two score tables of one moment -> how far they differ, a row per horizon.

Before anything has followed the scores nobody knows which of two models is right. What can be seen
is whether they tell the shop another story: on the whole, of whom, and whom they would point at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from seqchurn.console import table
from seqchurn.errors import DataError
from seqchurn.evaluation.table import digits, horizon_text
from seqchurn.metrics.drift import population_stability, quantile_counts, two_sample_distance
from seqchurn.schema import CUSTOMER_ID
from seqchurn.storage import Snapshot

__all__ = ["compare_scores", "comparison_table"]

_TENTH = 0.1
_PAGE = {
    "mean": "mean P(order)",
    "mean_beside": "beside",
    "difference": "|difference|",
    "rank_correlation": "rank corr.",
    "psi": "PSI",
    "distance": "KS",
    "tenth_shared": "riskiest tenth shared",
}
"""Columns of the page: key of a row to its header."""


def compare_scores(
    scores: Snapshot, beside: Snapshot, *, horizons: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Hold the probabilities of one table against those of another.

    Args:
        scores: The table that is used.
        beside: Another of the same moment, made by another model.
        horizons: As they stand in the names of both tables' columns, to their days.

    Returns:
        Per horizon `n` customers who are in both tables, the mean of P(order) in each (`mean`,
        `mean_beside`), the mean absolute `difference`, Spearman's `rank_correlation` (None where
        all are alike), the `psi` and `distance` of `seqchurn.metrics.drift` and `tenth_shared`: of
        the tenth of customers least likely to order in the one, the share that is in that of the
        other as well.

    Raises:
        DataError: If no customer is in both.
    """
    columns = [f"p_order_{name}" for name in horizons]
    pairs = (
        scores.scan()
        .select(CUSTOMER_ID, *columns)
        .join(beside.scan().select(CUSTOMER_ID, *columns), on=CUSTOMER_ID, suffix="_beside")
        .sort(CUSTOMER_ID)
        .collect()
    )
    if pairs.is_empty():
        raise DataError(
            f"no customer is in both {scores.folder} and {beside.folder}. Run seqchurn score "
            "--force."
        )
    models = {"model": _model(scores), "beside": _model(beside)}
    return [
        {**models, "horizon_days": days, "n": pairs.height, **_row(pairs, f"p_order_{name}")}
        for name, days in horizons.items()
    ]


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lines without a final newline."""
    lines = [
        [horizon_text(row["horizon_days"]), *(digits(row[key]) for key in _PAGE)] for row in rows
    ]
    return table(lines, ["within", *_PAGE.values()])


def _model(scores: Snapshot) -> str:
    return f"{scores.facts['model_name']} version {scores.facts['model_version']}"


def _row(pairs: pl.DataFrame, column: str) -> dict[str, float | None]:
    own, other = pairs[column], pairs[f"{column}_beside"]
    rank = pairs.select(pl.corr(column, f"{column}_beside", method="spearman")).item()
    one, two = own.to_numpy(), other.to_numpy()
    return {
        "mean": float(one.mean()),
        "mean_beside": float(two.mean()),
        "difference": float(np.abs(one - two).mean()),
        "rank_correlation": None if np.isnan(rank) else float(rank),
        "psi": population_stability(*quantile_counts(one, two)),
        "distance": two_sample_distance(one, two),
        "tenth_shared": _shared(own, other),
    }


def _shared(own: pl.Series, other: pl.Series) -> float:
    """Share of the customers of the lowest tenth that two tables agree on; ties by their order."""
    size = max(1, round(_TENTH * len(own)))
    first, second = (set(series.arg_sort()[:size].to_list()) for series in (own, other))
    return len(first & second) / size
