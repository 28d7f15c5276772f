"""Running waits -> rows of the score table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqchurn.prediction.running_waits import RunningWaits, running_waits
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


def score_columns(horizons: list[str]) -> dict[str, str]:
    """Columns of the score table for given horizons, with the names of their dtypes, in order."""
    before = ["customer_id", "as_of", "last_event_at", "last_target_at", "quiet_days"]
    return {
        **{c: SCORES[c] for c in before},
        **{f"p_order_{h}": "Float64" for h in horizons},
        **{c: dtype for c, dtype in SCORES.items() if c not in before},
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
    waits = running_waits(model, sequences, as_of)
    clock = model.clock
    probability = waits.probability(np.array([*options.horizons.values(), options.churn_days]))
    readings = {f"p_order_{h}": probability[:, i] for i, h in enumerate(options.horizons)}
    dates = _dates(waits, reach_days=options.reach_days)
    columns = score_columns(list(options.horizons))
    return (
        pl.DataFrame({CUSTOMER_ID: waits.customer_ids, **readings, **dates})
        .with_columns(
            pl.lit(as_of).alias("as_of"),
            pl.lit(clock.moment(waits.as_of_day + options.interval_days)).alias("valid_until"),
            pl.lit(1.0 - probability[:, -1]).alias("p_churn"),
            pl.lit(waits.as_of_day - waits.start_day.numpy()).alias("quiet_days"),
            pl.lit(None).alias("churn_percentile"),
            *(clock.moments(pl.col(c)).alias(c) for c in _QUANTILES),
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


def _dates(waits: RunningWaits, *, reach_days: float) -> dict[str, pl.Series]:
    days = waits.order_day(list(_QUANTILES.values()))  # (B, Q)
    beyond = days - waits.as_of_day > reach_days
    return {
        name: pl.Series(np.where(beyond[:, i], np.nan, days[:, i])).fill_nan(None)
        for i, name in enumerate(_QUANTILES)
    }


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
