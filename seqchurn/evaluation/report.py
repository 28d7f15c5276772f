"""Outcomes and predictions of several models -> rows of `evaluation.json` and `waits.json`.

Every model is asked the same horizons of the same customers; cohorts are reported beside the
whole, because a model that is good at regulars can be useless for newcomers. Shapes: B customers,
H horizons.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.files import replacing
from seqchurn.metrics import (
    accuracy,
    auc,
    base_rate,
    brier,
    censored_log_likelihood,
    expected_calibration_error,
    log_loss,
    reliability_curve,
)

__all__ = ["evaluate", "evaluate_waits", "reliability", "write_rows"]

_Predictions = Mapping[str, npt.NDArray[np.float64]]


def evaluate(
    dataset: str, outcomes: Outcomes, predictions: _Predictions, *, bins: int = 10
) -> list[dict[str, Any]]:
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
    _check_shapes(predictions, outcomes.ordered.shape)
    return [
        {
            **_labels(dataset, outcomes, cohort),
            "horizon_days": float(horizon),
            "model": model,
            **_scores(probability[members, h], outcomes.ordered[members, h], bins),
        }
        for cohort in outcomes.cohorts()
        for members in [outcomes.members(cohort)]
        for h, horizon in enumerate(outcomes.horizons_days)
        for model, probability in predictions.items()
    ]


def evaluate_waits(
    dataset: str, outcomes: Outcomes, predictions: _Predictions
) -> list[dict[str, Any]]:
    """Censored log likelihood per cohort and model, of models that have a wait distribution.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        predictions: Model name to probability of an order from the cutoff to each of
            `outcomes.wait_days`, shape (B, 2).

    Returns:
        Rows of `waits.json`, cohort `all` first: `log_likelihood` in nats per customer, higher is
        better; `floored` counts customers whose probability was raised to 1e-12.

    Raises:
        ValueError: If predictions have another shape than the waits, or are no probabilities.
    """
    _check_shapes(predictions, outcomes.wait_days.shape)
    rows = []
    for cohort in outcomes.cohorts():
        members = outcomes.members(cohort)
        for model, probability in predictions.items():
            before, through = probability[members].T
            result = censored_log_likelihood(before, through, outcomes.observed[members])
            scores = {"log_likelihood": result.mean, "floored": result.floored}
            n = int(members.sum())
            rows.append({**_labels(dataset, outcomes, cohort), "model": model, "n": n, **scores})
    return rows


def reliability(outcomes: Outcomes, predictions: _Predictions, *, bins: int = 10) -> pl.DataFrame:
    """Reliability curves of all customers, per horizon and model.

    Returns:
        `horizon_days` and `model` before the columns of `seqchurn.metrics.reliability_curve`.
    """
    _check_shapes(predictions, outcomes.ordered.shape)
    return pl.concat(
        reliability_curve(probability[:, h], outcomes.ordered[:, h], bins=bins).select(
            pl.lit(float(horizon)).alias("horizon_days"), pl.lit(model).alias("model"), pl.all()
        )
        for h, horizon in enumerate(outcomes.horizons_days)
        for model, probability in predictions.items()
    )


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as a JSON list, one row a line: beside the target, then renamed.

    Raises:
        EnvironmentFailure: If the disk refuses; what stood there before still does.
    """
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    with replacing(path) as beside:
        beside.write_text(f"[\n{lines}\n]\n" if rows else "[]\n", encoding="utf-8")


def _scores(
    probability: npt.NDArray[np.float64], ordered: npt.NDArray[np.bool_], bins: int
) -> dict[str, Any]:
    area = auc(probability, ordered)
    return {
        "n": int(ordered.size),
        "positives": int(ordered.sum()),
        "base_rate": base_rate(probability, ordered),
        "auc": None if math.isnan(area) else area,
        "log_loss": log_loss(probability, ordered),
        "brier": brier(probability, ordered),
        "ece": expected_calibration_error(probability, ordered, bins=bins),
        "accuracy": accuracy(probability, ordered),
    }


def _labels(dataset: str, outcomes: Outcomes, cohort: str) -> dict[str, str]:
    return {"dataset": dataset, "cutoff": outcomes.cutoff.isoformat(), "cohort": cohort}


def _check_shapes(predictions: _Predictions, expected: tuple[int, ...]) -> None:
    for model, probability in predictions.items():
        if probability.shape != expected:
            raise ValueError(f"{model} predicts shape {probability.shape}; expected {expected}")
