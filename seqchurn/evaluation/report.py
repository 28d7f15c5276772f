"""Outcomes and probabilities of several models -> rows of `evaluation.json`, reliability curves.

Every model is asked the same horizons of the same customers; cohorts are reported beside the
whole. A model without an answer for a horizon gives a column of NaN and has no row for it.
Shapes: B customers, H horizons.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.rows import (
    Predictions,
    Row,
    check_shapes,
    drawn_in,
    has_answer,
    labels,
    or_none,
)
from seqchurn.metrics import (
    accuracy,
    auc,
    base_rate,
    brier,
    expected_calibration_error,
    log_loss,
    reliability_curve,
)

__all__ = ["evaluate", "reliability"]

_FEWEST_PER_BIN = 20
"""Customers in a bin of a curve: with fewer, the band of a frequency spans half the axis."""


def evaluate(
    dataset: str, outcomes: Outcomes, predictions: Predictions, *, bins: int = 10
) -> list[Row]:
    """Scores per cohort, horizon and model.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        predictions: Model name to probability of an order within each horizon, shape (B, H).
        bins: Bins of equal count in the calibration error.

    Returns:
        Rows of `evaluation.json`, cohort `all` first. `auc` and `accuracy`: higher is better;
        `log_loss`, `brier` and `ece`: lower. `auc` is None where all customers ordered, or none.

    Raises:
        ValueError: If predictions have another shape than the outcomes, or are no probabilities.
    """
    check_shapes(predictions, outcomes.ordered.shape)
    return [
        {
            **labels(dataset, outcomes, cohort),
            "horizon_days": float(horizon),
            "model": model,
            **_scores(probability[members, h], outcomes.ordered[members, h], bins),
        }
        for cohort, members in outcomes.cohorts.items()
        for h, horizon in enumerate(outcomes.horizons_days)
        for model, probability in predictions.items()
        if has_answer(probability[:, h])
    ]


def reliability(outcomes: Outcomes, predictions: Predictions, *, bins: int = 10) -> pl.DataFrame:
    """Reliability curves per horizon and model; of the first model, per cohort too.

    Args:
        outcomes: What followed the cutoff.
        predictions: Model name to probability of an order within each horizon, shape (B, H).
        bins: Bins of equal count; cohorts too small for 20 customers in each have fewer.

    Returns:
        `kind` of the cohort, `cohort`, `horizon_days` and `model` before the columns of
        `seqchurn.metrics.reliability_curve`; cohort `all` first.

    Raises:
        ValueError: If predictions have another shape than the outcomes, or are no probabilities.
    """
    check_shapes(predictions, outcomes.ordered.shape)
    return pl.concat(
        reliability_curve(
            probability[members, h],
            outcomes.ordered[members, h],
            bins=max(1, min(bins, int(members.sum()) // _FEWEST_PER_BIN)),
        ).select(
            pl.lit(outcomes.cohorts.kinds[cohort]).alias("kind"),
            pl.lit(cohort).alias("cohort"),
            pl.lit(float(horizon)).alias("horizon_days"),
            pl.lit(model).alias("model"),
            pl.all(),
        )
        for cohort, members in outcomes.cohorts.items()
        for h, horizon in enumerate(outcomes.horizons_days)
        for model, probability in drawn_in(cohort, predictions).items()
        if has_answer(probability[:, h])
    )


def _scores(probability: npt.NDArray[np.float64], ordered: npt.NDArray[np.bool_], bins: int) -> Row:
    return {
        "n": int(ordered.size),
        "positives": int(ordered.sum()),
        "base_rate": base_rate(probability, ordered),
        "auc": or_none(auc(probability, ordered)),
        "log_loss": log_loss(probability, ordered),
        "brier": brier(probability, ordered),
        "ece": expected_calibration_error(probability, ordered, bins=bins),
        "accuracy": accuracy(probability, ordered),
    }
