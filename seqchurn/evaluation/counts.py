"""Outcomes and expected orders of several models -> rows of `counts.json`.

An order is an order day: several on one day are one. Shapes: B customers, H horizons.
"""

from __future__ import annotations

from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.rows import Predictions, Row, check_shapes, has_answer, labels, or_none
from seqchurn.metrics import aggregate_bias, mean_absolute_error, root_mean_squared_error

__all__ = ["evaluate_counts"]


def evaluate_counts(dataset: str, outcomes: Outcomes, expected: Predictions) -> list[Row]:
    """Errors of expected numbers of orders, per cohort, horizon and model.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        expected: Model name to expected orders within each horizon, shape (B, H).

    Returns:
        Rows of `counts.json`, cohort `all` first: `mae` and `rmse` in orders, lower is better;
        `bias` of the sum, zero is best, None where no order came.

    Raises:
        ValueError: If predictions have another shape than the outcomes, or are no counts.
    """
    check_shapes(expected, outcomes.order_counts.shape)
    rows = []
    for cohort, members in outcomes.cohorts.items():
        for h, horizon in enumerate(outcomes.horizons_days):
            came = outcomes.order_counts[members, h]
            for model, orders in expected.items():
                if has_answer(orders[:, h]):
                    own = orders[members, h]
                    which = {"horizon_days": float(horizon), "model": model, "n": int(came.size)}
                    scores = {
                        "mae": mean_absolute_error(own, came),
                        "rmse": root_mean_squared_error(own, came),
                        "bias": or_none(aggregate_bias(own, came)),
                    }
                    rows.append({**labels(dataset, outcomes, cohort), **which, **scores})
    return rows
