"""Customers carried to a moment -> rows of the score table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from seqchurn.prediction.carried import Carried, carry, fixed_blocks
from seqchurn.prediction.expected_orders import orders_of
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, SCORES, TIMESTAMP, dtypes
from seqchurn.training.fitted_model import FittedModel

__all__ = ["ScoreOptions", "churn_percentile", "score_columns", "score_rows"]

_QUANTILES = {"next_order_p10": 0.1, "next_order_p50": 0.5, "next_order_p90": 0.9}


@dataclass(frozen=True)
class ScoreOptions:
    """What the score table says; durations in days."""

    horizons: dict[str, float]
    """Horizons as written in the config, such as 7d, to their days."""
    churn_days: float
    """Without an order for this long, a customer has churned."""
    reach_days: float
    """Next-order dates farther away are null."""
    interval_days: float
    """How long scores are valid."""
    count_paths: int
    """Next orders drawn of a customer who orders for certain, for the expected orders."""


def score_columns(horizons: list[str]) -> dict[str, str]:
    """Columns of the score table for given horizons, with the names of their dtypes, in order."""
    names = list(SCORES)
    before, dates = names.index("p_churn"), names.index("next_order_p90") + 1
    return {
        **{c: SCORES[c] for c in names[:before]},
        **{f"p_order_{h}": "Float64" for h in horizons},
        **{c: SCORES[c] for c in names[before:dates]},
        **{f"expected_orders_{h}": "Float64" for h in horizons},
        **{c: SCORES[c] for c in names[dates:]},
    }


def score_rows(
    model: FittedModel,
    sequences: pl.DataFrame,
    as_of: datetime,
    *,
    options: ScoreOptions,
    version: dict[str, str],
) -> pl.DataFrame:
    """Scores of every customer with an event before a moment, but for the percentile.

    Args:
        model: The fitted model.
        sequences: The sequences table.
        as_of: First instant not seen, aware; the start of a step.
        options: What the table says.
        version: `model_name`, `model_version` and `run_id` to put on every row.

    Returns:
        The score table in the order of the sequences, `churn_percentile` null: it needs all
        customers, see `churn_percentile`.

    Raises:
        ConfigError: If `as_of` lies inside a step of the grid.
    """
    carried, clock = carry(model, sequences, as_of), model.clock
    readings = {**_readings(carried, options), **_counts(carried, options)}
    columns = score_columns(list(options.horizons))
    return (
        pl.DataFrame({CUSTOMER_ID: carried.customer_ids, **readings})
        .with_columns(
            pl.lit(as_of).alias("as_of"),
            pl.lit(clock.moment(carried.as_of_day + options.interval_days)).alias("valid_until"),
            pl.lit(carried.as_of_day - carried.wait_start.numpy()).alias("quiet_days"),
            pl.lit(None).alias("churn_percentile"),
            *(clock.moments(pl.col(c).fill_nan(None)).alias(c) for c in _QUANTILES),
            *(pl.lit(value).alias(c) for c, value in version.items()),
        )
        .join(_last_times(sequences, as_of, model.target), on=CUSTOMER_ID, maintain_order="left")
        .with_columns(pl.when(pl.col("last_target_at").is_not_null()).then(pl.col("quiet_days")))
        .select(pl.col(c).cast(dtype) for c, dtype in dtypes(columns).items())
    )


def churn_percentile(p_churn: pl.Expr, everybody: NDArray[np.float64]) -> pl.Expr:
    """Share of customers at most as likely to churn, in percent, in (0, 100]; 100 is riskiest.

    Args:
        p_churn: Column with the probabilities of churn.
        everybody: Probabilities of churn of all customers scored, ascending.
    """
    ranked = pl.lit(pl.Series(everybody)).search_sorted(p_churn, side="right")
    return 100.0 * ranked / len(everybody)


@torch.inference_mode()
def _readings(carried: Carried, options: ScoreOptions) -> dict[str, NDArray[np.float64]]:
    """Columns that are read off the running waits; dates as grid days, NaN beyond reach."""
    horizons = np.array([*options.horizons.values(), options.churn_days])
    customers = len(carried.customer_ids)
    probability, never = np.empty((customers, len(horizons))), np.empty(customers)
    days = np.empty((customers, len(_QUANTILES)))
    for block, count in fixed_blocks(torch.arange(customers)):
        waits, rows = carried.waits(block), block[:count].numpy()
        probability[rows] = waits.probability(horizons)[:count]
        never[rows] = waits.p_never[:count]
        days[rows] = waits.order_day(list(_QUANTILES.values()))[:count]
    days[days - carried.as_of_day > options.reach_days] = np.nan
    return {
        **{f"p_order_{h}": probability[:, i] for i, h in enumerate(options.horizons)},
        "p_churn": 1.0 - probability[:, -1],
        "p_never": never,
        **{name: days[:, i] for i, name in enumerate(_QUANTILES)},
    }


def _counts(carried: Carried, options: ScoreOptions) -> dict[str, NDArray[np.float64]]:
    horizons = options.horizons
    orders = orders_of(carried, list(horizons.values()), paths=options.count_paths)
    return {f"expected_orders_{h}": orders[:, i] for i, h in enumerate(horizons)}


def _last_times(sequences: pl.DataFrame, as_of: datetime, target: str) -> pl.DataFrame:
    """Last event and last order of each customer before a moment."""
    is_target = pl.col(EVENT_TYPE) == target
    return (
        sequences.lazy()
        .select(CUSTOMER_ID, TIMESTAMP, EVENT_TYPE)
        .explode(TIMESTAMP, EVENT_TYPE)
        .filter(pl.col(TIMESTAMP) < as_of)
        .group_by(CUSTOMER_ID)
        .agg(
            last_event_at=pl.col(TIMESTAMP).max(),
            last_target_at=pl.col(TIMESTAMP).filter(is_target).max(),
        )
        .collect()
    )
