"""A log with trained networks, one for each seed -> rows of all tables, of all customers.

The same building blocks as `seqchurn evaluate`; but the baselines, which no seed changes, are
fitted once. Shapes: B customers, H horizons, S seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

import numpy as np
import polars as pl
import torch

from seqchurn.baselines import Baseline, fit_baselines
from seqchurn.commands.parts import (
    all_sequences,
    attributes_of,
    clock_of,
    end_of_log,
    fitting_model,
    score_options,
    training_cutoff,
)
from seqchurn.config import Config
from seqchurn.evaluation import (
    Answers,
    Outcomes,
    evaluate,
    evaluate_counts,
    evaluate_differences,
    evaluate_waits,
    outcomes_at,
)
from seqchurn.evaluation.asking import ask_baseline, ask_network
from seqchurn.evaluation.cohorts import Cohorts
from seqchurn.evaluation.rows import Row
from seqchurn.waits import histories

__all__ = ["Judged", "judge", "with_seed"]


class Judged(TypedDict):
    """Rows of the tables, with `seed`: None for a baseline."""

    scores: list[Row]
    differences: list[Row]
    waits: list[Row]
    counts: list[Row]
    notes: list[Row]


def with_seed(config: Config, seed: int) -> Config:
    """The config of one seed, whose model is registered under a name of its own."""
    return config.model_copy(
        update={
            "training": config.training.model_copy(
                update={"seed": seed, "at_once": 1}  # several logs are fitted at once
            ),
            "tracking": config.tracking.model_copy(update={"model": f"{config.name}-seed-{seed}"}),
        }
    )


def judge(config: Config, seeds: Sequence[int], count_days: Sequence[float]) -> Judged:
    """Compare the networks and the baselines with what followed the cutoff.

    Args:
        config: Of a log that is prepared and trained with each seed.
        seeds: The seeds.
        count_days: Windows in which orders are counted, beside the configured horizons.

    Raises:
        SeqchurnError: If the config, the data or a model do not allow it.
    """
    torch.set_num_threads(config.threads)
    sequences = all_sequences(config)
    counted = _outcomes(config, sequences, count_days)
    outcomes = _first_horizons(counted, len(config.evaluation.horizons))
    baselines = fit_baselines(
        outcomes.known,
        cutoff_day=outcomes.cutoff_day,
        step_days=outcomes.step_days,
        horizons_days=outcomes.horizons_days.tolist(),
    )
    answers = {  # windows of counts are not among the horizons that a baseline is fitted to
        name: ask_baseline(baseline, counted if baseline.has_distribution else outcomes)
        for name, baseline in baselines.items()
    }
    network = f"seqchurn {config.encoder.kind}"
    judged = _rows(config, outcomes, counted, answers, seed=None)
    judged["notes"] = _notes(config, baselines)
    own = []
    for seed in seeds:
        _, bundle = fitting_model(with_seed(config, seed), None)
        paths = config.scoring.count_paths
        own.append(ask_network(bundle.model, sequences, counted, count_paths=paths))
        rows = _rows(config, outcomes, counted, {network: own[-1]}, seed=seed)
        for table in ("scores", "waits", "counts"):
            judged[table] += rows[table]
    horizons = outcomes.horizons_days.size
    within = {name: answer.within[:, :horizons] for name, answer in answers.items()}
    within[network] = np.stack([answer.within[:, :horizons] for answer in own])  # (S, B, H)
    resamples = config.evaluation.resamples
    judged["differences"] = evaluate_differences(
        config.name, outcomes, within, model=network, resamples=resamples
    )
    return judged


def _outcomes(config: Config, sequences: pl.DataFrame, count_days: Sequence[float]) -> Outcomes:
    """What followed within each horizon, then within each window of counts; one cohort: all."""
    clock, numbers = clock_of(config), attributes_of(config).numbers
    log = histories(sequences, clock=clock, target=config.waits.target, numbers=numbers)
    outcomes = outcomes_at(
        log,
        cutoff=training_cutoff(config),
        horizons_days=[*score_options(config).horizons.values(), *count_days],
        end_day=end_of_log(config),
        clock=clock,
    )
    return replace(
        outcomes, cohorts=Cohorts({"all": outcomes.cohorts["all"]}, {"all": "customers"})
    )


def _first_horizons(outcomes: Outcomes, number: int) -> Outcomes:
    return replace(
        outcomes,
        horizons_days=outcomes.horizons_days[:number],
        ordered=outcomes.ordered[:, :number],
        order_counts=outcomes.order_counts[:, :number],
    )


def _rows(
    config: Config,
    outcomes: Outcomes,
    counted: Outcomes,
    answers: dict[str, Answers],
    *,
    seed: int | None,
) -> Judged:
    """Rows of the tables that know one seed at a time."""
    horizons = outcomes.horizons_days.size
    within = {name: answer.within[:, :horizons] for name, answer in answers.items()}
    curves = {name: a.curve for name, a in answers.items() if a.curve is not None}
    orders = {name: a.orders for name, a in answers.items() if a.orders is not None}
    bins, resamples = config.evaluation.calibration_bins, config.evaluation.resamples
    scores = evaluate(config.name, outcomes, within, bins=bins)
    waits = evaluate_waits(config.name, outcomes, curves, resamples=resamples)
    counts = evaluate_counts(config.name, counted, orders)
    for row in [*scores, *waits, *counts]:
        row["seed"] = seed
    return Judged(scores=scores, differences=[], waits=waits, counts=counts, notes=[])


def _notes(config: Config, baselines: dict[str, Baseline]) -> list[Row]:
    """What a reader must know about the fit of a baseline."""
    return [
        {"dataset": config.name, "model": name, "note": baseline.note}
        for name, baseline in baselines.items()
        if baseline.note
    ]
