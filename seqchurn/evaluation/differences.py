"""Outcomes and probabilities of a model and its baselines -> rows of `differences.json`.

A difference is the model's score less the baseline's, over all customers, with a 95 % bootstrap
interval over customers: whether a lead would survive another draw of them. Shapes: B customers,
H horizons, S seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.rows import Predictions, Row, check_shapes, has_answer, labels
from seqchurn.metrics import Difference, draw_resamples, resampled_auc, resampled_log_loss

__all__ = ["DIFFERENCES", "against_best", "evaluate_differences", "verdict"]

DIFFERENCES = {"log_loss": resampled_log_loss, "auc": resampled_auc}
"""Metrics that are compared, as they are called in rows."""
_HIGHER_IS_BETTER = {"auc"}


def evaluate_differences(
    dataset: str,
    outcomes: Outcomes,
    predictions: Predictions,
    *,
    model: str,
    resamples: int = 1_000,
    seed: int = 0,
) -> list[Row]:
    """How far a model is ahead of each other one, or behind, per horizon.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        predictions: Model name to probability of an order within each horizon, shape (B, H), or
            (S, B, H) for several seeds, whose scores are averaged.
        model: Name of the one that is compared with all others.
        resamples: Bootstrap resamples of customers.
        seed: Of the resamples.

    Returns:
        Rows of `differences.json`: `difference`, `low`, `high` per horizon, baseline and metric;
        none where one of the two has no answer, or the metric does not exist.

    Raises:
        ValueError: If predictions have another shape than the outcomes, or are no probabilities.
    """
    check_shapes(predictions, outcomes.ordered.shape)
    drawn = draw_resamples(len(outcomes.ordered), number=resamples, seed=seed)
    rows = []
    for h, horizon in enumerate(outcomes.horizons_days):
        ordered = outcomes.ordered[:, h]
        answers = {m: p[..., h] for m, p in predictions.items() if has_answer(p[..., h])}
        for metric, resampled in DIFFERENCES.items():
            scores = {m: resampled(p, ordered, drawn) for m, p in answers.items()}
            own = scores.pop(model, None)
            if own is None or math.isnan(own.value):
                continue
            which = {**labels(dataset, outcomes), "horizon_days": float(horizon), "model": model}
            for baseline, score in scores.items():
                found = {"baseline": baseline, "metric": metric, **_interval(own - score)}
                rows.append({**which, **found})
    return rows


def _interval(difference: Difference) -> Row:
    value, low, high = difference.value, difference.low, difference.high
    return {"difference": value, "low": low, "high": high}


def verdict(row: Mapping[str, Any]) -> Literal["win", "tie", "loss"]:
    """What a row of `differences.json` comes to: a tie unless the interval excludes zero."""
    sign = 1 if row["metric"] in _HIGHER_IS_BETTER else -1
    if row["low"] <= 0.0 <= row["high"]:
        return "tie"
    return "win" if sign * row["difference"] > 0.0 else "loss"


def against_best(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each horizon and metric the row of the best baseline: the one least behind or most ahead.

    Args:
        rows: Rows of `evaluate_differences`, of one cutoff and model.
    """
    best: dict[tuple[float, str], Mapping[str, Any]] = {}
    for row in rows:
        key = row["horizon_days"], row["metric"]
        sign = 1 if row["metric"] in _HIGHER_IS_BETTER else -1
        if key not in best or sign * row["difference"] < sign * best[key]["difference"]:
            best[key] = row
    return list(best.values())
