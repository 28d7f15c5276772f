"""Outcomes and predicted waits of several models -> rows of `waits.json`, PIT histograms.

A wait is known here by one question, the probability of an order within so many days of the
cutoff, which any model with a distribution answers. Shapes: B customers, H horizons, T times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.evaluation.rows import Row, drawn_in, labels, or_none
from seqchurn.metrics import (
    Resamples,
    antolini_concordance,
    censored_log_likelihood,
    d_calibration,
    draw_resamples,
    integrated_brier,
    interval_coverage,
    kolmogorov_smirnov,
    order_times,
    randomised_pit,
)

__all__ = ["Curve", "evaluate_waits", "pit_histogram"]

_Array = npt.NDArray[np.float64]

Curve = Callable[[_Array], _Array]
"""Days after the cutoff, of all customers (H,) or of each (B, H), to the probability of an order
from the cutoff up to there, shape (B, H)."""

_HISTOGRAM = {
    **dict.fromkeys(("kind", "cohort", "model"), pl.String),
    "n": pl.Int64,
    **dict.fromkeys(("start", "end", "share", "lower", "upper"), pl.Float64),
}
_LEVELS = np.array([0.1, 0.9])
"""Of the interval of dates that scores publish."""
_TIMES_COMPARED, _TIMES_INTEGRATED = 1_000, 100
_TIMES_AT_ONCE = 32


@dataclass(frozen=True)
class _Reading:
    """What the metrics need of one model's waits."""

    steps: _Array
    """Probability of an order up to the start and the end of the step it came in, (B, 2)."""
    survival: _Array
    """Probability of none up to each time, (B, T)."""
    interval: _Array
    """Days at which the steps of the 10 and 90 % dates end, (B, 2)."""
    mass: _Array
    """Probability of an order in these steps and between, (B,)."""


def evaluate_waits(
    dataset: str,
    outcomes: Outcomes,
    curves: Mapping[str, Curve],
    *,
    resamples: int = 1_000,
    seed: int = 0,
) -> list[Row]:
    """How well the waits are predicted, per cohort and model with a distribution.

    Args:
        dataset: Name of the log, for the rows.
        outcomes: What followed the cutoff.
        curves: Model name to its probability of an order within any time.
        resamples: Bootstrap resamples of customers in the band of D-calibration.
        seed: Of resamples, draws and, on logs with more than 1,000 different waits, of the times
            whose customers are compared in `concordance`.

    Returns:
        Rows of `waits.json`, cohort `all` first. Higher is better: `log_likelihood` (nats per
        customer; `floored` had theirs raised to that of 1e-12) and `concordance` (None without a
        comparable pair; `compared` of the `ordered` customers were held against those who still
        waited). Lower: `integrated_brier`, `pit_ks`, and `d_calibration` with its band.
        `coverage` of the 10 to 90 % dates should be near `coverage_expected` (None if no interval
        ends within the log; `coverage_n` customers have one that does), and lies between
        `coverage_low` and `coverage_high` for all customers.

    Raises:
        ValueError: If a curve gives anything but probabilities.
    """
    times = _times(outcomes, seed)
    rows: dict[str, list[Row]] = {cohort: [] for cohort in outcomes.cohorts}
    drawn = {
        cohort: draw_resamples(int(members.sum()), number=resamples, seed=seed)
        for cohort, members in outcomes.cohorts.items()
    }
    for model, curve in curves.items():
        reading = _read(curve, outcomes, times)
        for cohort, members in outcomes.cohorts.items():
            scores = _scores(reading, outcomes, times, members, drawn[cohort], seed)
            rows[cohort].append({**labels(dataset, outcomes, cohort), "model": model, **scores})
    return [row for cohort in rows.values() for row in cohort]


def pit_histogram(
    outcomes: Outcomes,
    curves: Mapping[str, Curve],
    *,
    bins: int = 10,
    resamples: int = 1_000,
    seed: int = 0,
) -> pl.DataFrame:
    """Share of customers in each bin of predicted probability at their wait, of every model.

    Of the first model also per cohort.

    Args:
        outcomes: What followed the cutoff.
        curves: Model name to its probability of an order within any time.
        bins: Bins of equal width.
        resamples: Bootstrap resamples of customers.
        seed: Of the resamples.

    Returns:
        `kind` of the cohort, `cohort`, `model`, `n` (customers of the cohort), `start` and `end`
        of the bin, `share`, `lower` and `upper` (95 % bootstrap); cohort `all` first.

    Raises:
        ValueError: If a curve gives anything but probabilities.
    """
    steps = {model: curve(outcomes.wait_days) for model, curve in curves.items()}
    edges = np.linspace(0.0, 1.0, bins + 1)
    frames = [pl.DataFrame(schema=_HISTOGRAM)]
    for cohort, members in outcomes.cohorts.items():
        n, kind = int(members.sum()), outcomes.cohorts.kinds[cohort]
        drawn = draw_resamples(n, number=resamples, seed=seed)
        for model, of_each in drawn_in(cohort, steps).items():
            before, through = of_each[members].T
            found = d_calibration(
                before, through, outcomes.observed[members], drawn=drawn, bins=bins
            )
            bars = (edges[:-1], edges[1:], found.shares, found.shares_low, found.shares_high)
            columns = zip(_HISTOGRAM, (kind, cohort, model, n, *bars), strict=True)
            frames.append(pl.DataFrame(dict(columns), schema=_HISTOGRAM))
    return pl.concat(frames)


def _times(outcomes: Outcomes, seed: int) -> _Array:
    """Times at which survival is read: those of orders, and some spread evenly up to the end."""
    ended = outcomes.wait_days[:, 1]
    compared = order_times(ended, outcomes.observed, at_most=_TIMES_COMPARED, seed=seed)
    steps = round(outcomes.end_days / outcomes.step_days)
    spread = np.rint(np.linspace(1, steps, min(steps, _TIMES_INTEGRATED))) * outcomes.step_days
    return np.union1d(compared, spread)


def _read(curve: Curve, outcomes: Outcomes, times: _Array) -> _Reading:
    """Ask one model everything."""
    parts = [times[i : i + _TIMES_AT_ONCE] for i in range(0, times.size, _TIMES_AT_ONCE)]
    first, last = _steps_until(curve, outcomes).T
    ends = np.stack([first - 1, last], axis=1) * outcomes.step_days
    before, through = curve(ends).T
    return _Reading(
        steps=curve(outcomes.wait_days),
        survival=1.0 - np.concatenate([curve(part) for part in parts], axis=1),
        interval=np.stack([first, last], axis=1) * outcomes.step_days,
        mass=through - before,
    )


def _steps_until(curve: Curve, outcomes: Outcomes) -> npt.NDArray[np.int64]:
    """Steps by which an order has come with each of the levels, shape (B, 2).

    One more than there are in the log where it takes longer than that. Found by bisection.
    """
    steps = round(outcomes.end_days / outcomes.step_days)
    too_few = np.zeros((outcomes.observed.size, _LEVELS.size), dtype=np.int64)
    at_most = np.full_like(too_few, steps)  # steps that may be too few
    for _ in range(steps.bit_length()):
        middle = np.maximum((too_few + at_most + 1) // 2, 1)
        reached = curve(middle * outcomes.step_days) >= _LEVELS
        too_few = np.where(reached, too_few, middle)
        at_most = np.where(reached, middle - 1, at_most)
    return too_few + 1


def _scores(
    reading: _Reading,
    outcomes: Outcomes,
    times: _Array,
    members: npt.NDArray[np.bool_],
    drawn: Resamples,
    seed: int,
) -> Row:
    """Scores of the members of one cohort."""
    before, through = reading.steps[members].T
    days, observed = outcomes.wait_days[members, 1], outcomes.observed[members]
    survival = reading.survival[members]
    likelihood = censored_log_likelihood(before, through, observed)
    order = antolini_concordance(survival, times, days, observed)
    even = d_calibration(before, through, observed, drawn=drawn)
    dates = interval_coverage(
        reading.interval[members], reading.mass[members], days, observed, end_days=outcomes.end_days
    )
    return {
        "n": int(members.sum()),
        "ordered": int(observed.sum()),
        "log_likelihood": likelihood.mean,
        "floored": likelihood.floored,
        "concordance": or_none(order.value),
        "compared": order.compared,
        "integrated_brier": integrated_brier(survival, times, days, observed),
        "pit_ks": kolmogorov_smirnov(randomised_pit(before, through, observed, seed=seed)),
        "d_calibration": even.deviation,
        "d_calibration_low": even.low,
        "d_calibration_high": even.high,
        "coverage": or_none(dates.value),
        "coverage_expected": or_none(dates.expected),
        "coverage_n": dates.decided,
        "coverage_low": dates.low,
        "coverage_high": dates.high,
    }
