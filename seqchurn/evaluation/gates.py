"""What a challenger and its rival say at a cutoff -> gates: what was found, against a limit.

A gate is passed where what was found is not above the limit, and none is closed by chance: of a
higher log-loss only that part counts that the bootstrap interval leaves no doubt about, and a
calibration error may exceed its limit by what a perfect model would show among the same customers.
Shapes: B customers, H horizons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqchurn.console import table
from seqchurn.evaluation.interventions import HOLDOUT, TREATED
from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.table import digits, horizon_text
from seqchurn.metrics import (
    calibration_error_by_chance,
    draw_resamples,
    expected_calibration_error,
    resampled_log_loss,
)

__all__ = [
    "Gate",
    "calibration_gates",
    "gates_rows",
    "gates_table",
    "leak_gate",
    "log_loss_gates",
]

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gate:
    """A condition of a promotion."""

    name: str
    """Of the gate, and the horizon that it looks at."""
    found: float
    """What must not be above the limit."""
    limit: float
    text: str
    """What a reader needs to know beside the two."""

    @property
    def passed(self) -> bool:
        """Whether it lets the challenger through; a NaN never does."""
        return self.found <= self.limit


def log_loss_gates(
    outcomes: Outcomes,
    challenger: Probabilities,
    rival: Probabilities,
    *,
    max_increase: float,
    cohort: str = "all",
    resamples: int = 1_000,
    seed: int = 0,
) -> list[Gate]:
    """One gate per horizon: the log-loss must not be higher than the rival's.

    Args:
        outcomes: What followed the cutoff.
        challenger: Probability of an order within each horizon, shape (B, H).
        rival: The same of the model that it would replace, shape (B, H).
        max_increase: Nats that it may be higher.
        cohort: Customers who are asked.
        resamples: Bootstrap resamples of customers.
        seed: Of the resamples.

    Returns:
        Gates whose `found` is the lower end of the 95 % interval of the increase.
    """
    members = outcomes.cohorts[cohort]
    drawn = draw_resamples(int(members.sum()), number=resamples, seed=seed)
    gates = []
    for h, horizon in enumerate(outcomes.horizons_days):
        own, other = (
            resampled_log_loss(p[members, h], outcomes.ordered[members, h], drawn)
            for p in (challenger, rival)
        )
        increase = own - other
        value, low, high = (digits(x, "+") for x in (increase.value, increase.low, increase.high))
        text = f"{digits(own.value)} against {digits(other.value)}: {value} [{low}, {high}]"
        name = _named("log_loss", horizon, cohort)
        gates.append(Gate(name, increase.low, max_increase, text))
    return gates


def calibration_gates(
    outcomes: Outcomes,
    challenger: Probabilities,
    *,
    max_ece: float,
    max_ece_cohort: float,
    min_cohort: int,
    bins: int = 10,
) -> list[Gate]:
    """Gates per horizon: all customers, the holdout, then the cohort that is nearest to fail.

    Args:
        outcomes: What followed the cutoff.
        challenger: Probability of an order within each horizon, shape (B, H).
        max_ece: Largest calibration error over all customers, beyond chance.
        max_ece_cohort: The same in a cohort.
        min_cohort: Customers that a cohort, as the holdout, must have to be looked at.
        bins: Bins of equal count in the calibration error.

    Returns:
        None for cohorts where all of them are smaller.
    """
    whole, worst = [], []
    for h, horizon in enumerate(outcomes.horizons_days):
        cohorts: list[Gate] = []
        came = outcomes.ordered[:, h]
        for cohort, members in outcomes.cohorts.items():
            if cohort == TREATED:  # what an action did to them is no mistake of the model
                continue
            probability, ordered = challenger[members, h], came[members]
            error = expected_calibration_error(probability, ordered, bins=bins)
            chance = calibration_error_by_chance(probability, bins=bins)
            text = f"{cohort}: {ordered.size:,} customers; limit with {digits(chance)} for chance"
            if cohort == "all":
                whole.append(Gate(_named("ece", horizon), error, max_ece + chance, text))
            elif ordered.size >= min_cohort:
                own = cohort == HOLDOUT
                name = _named("ece", horizon, HOLDOUT) if own else _named("ece_cohort", horizon)
                gate = Gate(name, error, max_ece_cohort + chance, text)
                (whole if own else cohorts).append(gate)
        worst += sorted(cohorts, key=lambda gate: gate.limit - gate.found)[:1]
    return whole + worst


def _named(what: str, horizon_days: float, cohort: str = "all") -> str:
    """The name of a gate."""
    return " ".join([what, horizon_text(horizon_days), *([] if cohort == "all" else [cohort])])


def leak_gate(model: str, predicted: Probabilities, again: Probabilities) -> Gate:
    """No prediction may change when everything at or after the cutoff is taken away.

    Args:
        model: Who was asked.
        predicted: Probability of an order within each horizon, shape (B, H).
        again: The same by the same model, of the log cut off at the cutoff.
    """
    changed = int((predicted != again).any(axis=1).sum())
    text = f"predictions of {len(predicted):,} that change without what came later"
    return Gate(f"leaks {model}", changed, 0, text)


def gates_rows(gates: Sequence[Gate]) -> list[list[str]]:
    """Gate, found, limit, passed or FAILED, and what belongs to it, one row a gate."""
    return [
        [g.name, _number(g.found), _number(g.limit), "passed" if g.passed else "FAILED", g.text]
        for g in gates
    ]


def gates_table(gates: Sequence[Gate]) -> str:
    """Lines without a final newline, one a gate."""
    return table(gates_rows(gates), ["gate", "found", "limit", "", ""])


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else digits(value)
