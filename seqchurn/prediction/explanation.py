"""A customer at two moments -> the change of the risk of churn, split into its reasons.

Three things differ between the moments. Taken one after another, their parts add up to the whole:

    time passed   the model and the events of the first moment, asked at the second
    new events    the same model, and all that has happened since; of each event, by how much the
                  risk is higher with it than without it alone. Events are not independent: what is
                  left when all of these are added up is a part of its own
    new model     the model of the second moment, where it is another

The risk is 1 - P(order within a horizon), as `p_churn` of the score table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqchurn.errors import DataError
from seqchurn.prediction.running_waits import running_waits
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.training.fitted_model import FittedModel

__all__ = ["Explanation", "Moment", "explain_change", "survival_curve"]

_AT_ONCE = 256  # choices of events that are asked about together


@dataclass(frozen=True)
class Moment:
    """When somebody is scored, and by what."""

    as_of: datetime
    """First instant not seen, aware; the start of a step."""
    model: FittedModel


@dataclass(frozen=True)
class Explanation:
    """A change of the risk of churn, which rises with the number."""

    before: float
    after: float
    parts: pl.DataFrame
    """`reason` (time passed, event, events together, new model), `timestamp` and `event_type` of
    events, `change`: they add up to `after` less `before`."""


def explain_change(
    sequences: pl.DataFrame, before: Moment, after: Moment, *, horizon_days: float
) -> Explanation:
    """Why the risk of a customer has changed.

    Args:
        sequences: The row of the customer in the sequences table.
        before: The first moment.
        after: The second, later.
        horizon_days: Without an order for this long, a customer has churned.

    Raises:
        ConfigError: If a moment lies inside a step of the grid.
        DataError: If the customer is not known at the first moment.
    """
    times = sequences[TIMESTAMP].item()
    known, seen = int((times < before.as_of).sum()), int((times < after.as_of).sum())
    if known == 0:
        raise DataError(
            f"customer {sequences[CUSTOMER_ID].item()} has no event before "
            f"{before.as_of.isoformat()}: there was no score to move. Choose a later --from."
        )
    everything = list(range(seen))
    without = [[*range(i), *range(i + 1, seen)] for i in range(known, seen)]
    [start] = _risks(sequences, [everything[:known]], before, horizon_days)
    then = Moment(after.as_of, before.model)
    waited, informed = _risks(sequences, [everything[:known], everything], then, horizon_days)
    others = [
        risk
        for first in range(0, len(without), _AT_ONCE)
        for risk in _risks(sequences, without[first : first + _AT_ONCE], then, horizon_days)
    ]
    [end] = _risks(sequences, [everything], after, horizon_days)
    shares = informed - np.array(others)
    together = informed - waited - shares.sum()
    events = sequences.select(TIMESTAMP, EVENT_TYPE).explode(TIMESTAMP, EVENT_TYPE)
    new = events.slice(known, seen - known)
    parts = [
        _part("time passed", waited - start),
        new.select(pl.lit("event").alias("reason"), pl.all(), pl.Series("change", shares)),
        _part("events together", together),
        _part("new model", end - informed),
    ]
    return Explanation(start, end, pl.concat(parts, how="diagonal"))


def survival_curve(sequences: pl.DataFrame, moment: Moment, *, days: float) -> pl.DataFrame:
    """Probability that the next order has not come yet, day after day.

    Args:
        sequences: The row of a customer who is known at the moment.
        moment: From when on.
        days: How long.

    Returns:
        `day` (date and time) and `survival`, which falls from 1.

    Raises:
        ConfigError: If the moment lies inside a step of the grid.
    """
    clock = moment.model.clock
    steps = clock.step_days * np.arange(int(days / clock.step_days) + 1, dtype=np.float64)
    waits = running_waits(moment.model, sequences, moment.as_of)
    ordered = np.append(0.0, waits.probability(steps[1:])[0])
    first = clock.at(moment.as_of)
    return pl.DataFrame(
        {"day": [clock.moment(first + step) for step in steps], "survival": 1.0 - ordered}
    )


def _risks(
    sequences: pl.DataFrame, events: list[list[int]], moment: Moment, horizon_days: float
) -> NDArray[np.float64]:
    """The risk of a customer who has had some of the events, for each choice of them."""
    lists = [name for name, dtype in sequences.schema.items() if dtype == pl.List]
    chosen = pl.DataFrame({CUSTOMER_ID: [f"{i:09}" for i in range(len(events))], "chosen": events})
    several = (
        chosen.join(sequences.drop(CUSTOMER_ID), how="cross")
        .with_columns(pl.col(name).list.gather(pl.col("chosen")) for name in lists)
        .drop("chosen")
    )
    waits = running_waits(moment.model, several, moment.as_of)
    risks: NDArray[np.float64] = 1.0 - waits.probability(np.array([horizon_days]))[:, 0]
    return risks


def _part(reason: str, change: float) -> pl.DataFrame:
    return pl.DataFrame({"reason": [reason], "change": [float(change)]})
