"""Models and the customers known at a cutoff -> what each of them says.

Everybody is asked the same: the network and the baselines by the histories before the cutoff, in
the same order of customers.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from seqchurn.baselines import Baseline
from seqchurn.evaluation.assessment import Answers
from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.prediction import expected_orders, running_waits
from seqchurn.training.fitted_model import FittedModel

__all__ = ["ask_baseline", "ask_network"]


def ask_network(
    model: FittedModel, sequences: pl.DataFrame, outcomes: Outcomes, *, count_paths: int
) -> Answers:
    """What a fitted model says of the customers of the outcomes.

    Args:
        model: The fitted model.
        sequences: The sequences that the outcomes were made from; later events are not looked at.
        outcomes: What followed; read are the cutoff and the horizons.
        count_paths: Next orders drawn of a customer for expected orders.
    """
    waits = running_waits(model, sequences, outcomes.cutoff)
    horizons = outcomes.horizons_days
    return Answers(
        within=waits.probability(horizons),
        curve=waits.probability,
        orders=expected_orders(
            model, sequences, outcomes.cutoff, horizons.tolist(), paths=count_paths
        ),
    )


def ask_baseline(baseline: Baseline, outcomes: Outcomes) -> Answers:
    """What a fitted baseline says of the customers of the outcomes, as far as it can.

    Args:
        baseline: Fitted at the cutoff or before it.
        outcomes: What followed; read are the known histories, the cutoff and the horizons.
    """
    known, cutoff_day = outcomes.known, outcomes.cutoff_day
    probability = partial(baseline.probability, known, cutoff_day=cutoff_day)
    expected = partial(baseline.expected_orders, known, cutoff_day=cutoff_day)
    horizons = outcomes.horizons_days
    return Answers(
        within=probability(horizon_days=horizons),
        curve=(lambda days: probability(horizon_days=days)) if baseline.has_distribution else None,
        orders=expected(horizon_days=horizons) if baseline.has_counts else None,
    )
