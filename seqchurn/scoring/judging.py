"""A score table and the orders that followed -> observed against expected, a row per horizon.

Two things are foretold and judged: customers who order within a horizon (the sum of `p_order_`) and
order days (the sum of `expected_orders_`). The labels are those of `seqchurn.evaluation.outcomes`,
of the customers who were scored and are still in the log. Shapes: B customers, H horizons.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation import Cohorts, Interventions, Outcomes, evaluate, outcomes_at, reliability
from seqchurn.evaluation.rows import Row
from seqchurn.metrics import spread_of_sum
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.scoring.score_tables import ScoreTable, day_text
from seqchurn.storage import Snapshot
from seqchurn.waits import Clock, histories

__all__ = ["Judged", "OrderLog", "judge"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrderLog:
    """What is known of orders by now.

    Args:
        histories: The frame of `seqchurn.waits.histories`, of all customers.
        clock: The grid of waits.
        end_day: First day after the log.
    """

    histories: pl.DataFrame
    clock: Clock
    end_day: float

    @classmethod
    def read(
        cls,
        sequences: Snapshot,
        *,
        clock: Clock,
        target: str,
        end_day: float,
        interventions: Interventions | None = None,
    ) -> OrderLog:
        """Order days of all customers, from their sequences bucket by bucket.

        Args:
            sequences: The sequences table.
            clock: The grid of waits.
            target: Event type that is an order.
            end_day: First day after the log.
            interventions: What is known of what the shop does.

        Raises:
            ConfigError: If a type of event that is named as intervention never occurs.
        """
        interventions = interventions or Interventions()
        parts = []
        for bucket in sequences.buckets():
            log = sequences.read(bucket, [CUSTOMER_ID, TIMESTAMP, EVENT_TYPE])
            orders = histories(log, clock=clock, target=target)
            parts.append(interventions.add_to(orders, log, clock))
        found = pl.concat(parts)
        interventions.check(found)
        return cls(found, clock, end_day)


@dataclass(frozen=True)
class Judged:
    """A score table held against what followed.

    Args:
        rows: Per cohort and horizon that has passed those of `seqchurn.evaluation.evaluate` with
            the moment of the table (`as_of`, `week`: its Monday, `day`: since 1970-01-01),
            `scored` (all its customers; `n` are those still in the log) and, of `customers` and
            `orders` (order days), what was `_expected`, `_observed` and the `_spread` of the
            latter, see `seqchurn.metrics.spread_of_sum`.
        curves: The frame of `seqchurn.evaluation.reliability`.
    """

    rows: list[Row]
    curves: pl.DataFrame


def judge(
    table: ScoreTable, log: OrderLog, *, dataset: str, bins: int, cohorts: Sequence[str] = ("all",)
) -> Judged | None:
    """Hold a score table against what followed it.

    Args:
        table: At least one of its horizons has passed.
        log: Orders by now.
        dataset: Name of the log, for the rows.
        bins: Bins of equal count in calibration errors and curves.
        cohorts: Groups of customers to report, by their names in the outcomes; a group that has
            no member at a moment has no row there.

    Returns:
        None where none of its customers is in the log any more; a warning says so.
    """
    scores = table.read()
    who = pl.col(CUSTOMER_ID).is_in(scores[CUSTOMER_ID].implode())
    theirs = log.histories.filter(who)
    if not (theirs["first_day"] < log.clock.at(table.as_of)).any():
        folder = table.snapshot.folder
        _log.warning("left out %s: none of its customers is in the log any more", folder)
        return None
    outcomes = _outcomes(theirs, table, log, cohorts)
    within, orders = _said(scores, outcomes, list(table.passed(log.clock, log.end_day)))
    answers = {table.model: within}
    first = {**_when(outcomes.cutoff_day), "scored": scores.height}
    scored = evaluate(dataset, outcomes, answers, bins=bins)
    groups = product(outcomes.cohorts.values(), range(outcomes.horizons_days.size))
    rows = [
        {
            **first,
            **row,
            **_sums("customers", within[members, h], outcomes.ordered[members, h]),
            **_sums("orders", orders[members, h], outcomes.order_counts[members, h]),
        }
        for row, (members, h) in zip(scored, groups, strict=True)
    ]
    return Judged(rows, reliability(outcomes, answers, bins=bins))


def _outcomes(
    theirs: pl.DataFrame, table: ScoreTable, log: OrderLog, cohorts: Sequence[str]
) -> Outcomes:
    outcomes = outcomes_at(
        theirs,
        cutoff=table.as_of,
        horizons_days=list(table.passed(log.clock, log.end_day).values()),
        end_day=log.end_day,
        clock=log.clock,
    )
    every = outcomes.cohorts
    members = {name: every[name] for name in cohorts if name in every}
    kinds = {name: every.kinds[name] for name in members}
    return replace(outcomes, cohorts=Cohorts(members, kinds))


def _said(
    scores: pl.DataFrame, outcomes: Outcomes, horizons: list[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probabilities and expected orders of the customers of the outcomes, each of shape (B, H)."""
    ids = outcomes.known.select(CUSTOMER_ID)
    said = ids.join(scores, on=CUSTOMER_ID, how="left", maintain_order="left")
    within = said.select(f"p_order_{h}" for h in horizons).to_numpy()
    return within, said.select(f"expected_orders_{h}" for h in horizons).to_numpy()


def _when(day: float) -> Row:
    """The moment of a table, by the clock."""
    date_ = date(1970, 1, 1) + timedelta(days=int(day))
    monday = date_ - timedelta(days=date_.weekday())
    return {"as_of": day_text(day), "week": monday.isoformat(), "day": day}


def _sums(what: str, expected: npt.NDArray[np.float64], observed: npt.NDArray[Any]) -> Row:
    return {
        f"{what}_expected": float(expected.sum()),
        f"{what}_observed": int(observed.sum()),
        f"{what}_spread": spread_of_sum(expected, observed),
    }
