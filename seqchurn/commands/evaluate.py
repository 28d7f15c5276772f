"""seqchurn evaluate: a model and the baselines at a cutoff -> table, JSON and pictures."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from seqchurn.baselines import Baseline, fit_baselines
from seqchurn.commands.parts import (
    all_sequences,
    clock_of,
    end_of_log,
    evaluation_folder,
    fitting_model,
    score_options,
    sequences_store,
    training_cutoff,
)
from seqchurn.config import Config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.errors import ConfigError
from seqchurn.evaluation import (
    Outcomes,
    evaluate,
    evaluate_waits,
    evaluation_table,
    outcomes_at,
    reliability,
    write_rows,
)
from seqchurn.plots import reliability_chart, save_chart
from seqchurn.prediction import RunningWaits, running_waits
from seqchurn.tracking import Bundle, RegisteredModel, start_run
from seqchurn.waits import histories

__all__ = ["run"]

_log = logging.getLogger(__name__)

_Predictions = dict[str, NDArray[np.float64]]


def run(config: Config, *, model_version: str | None = None) -> None:
    """Compare a model and the baselines with what followed a cutoff.

    Args:
        config: The whole config.
        model_version: Version or alias; default: the newest.

    Raises:
        SeqchurnError: If the config, the data or the model do not allow it.
    """
    torch.set_num_threads(config.threads)
    registered, bundle = fitting_model(config, model_version)
    cutoff = _cutoff(config, bundle)
    sequences = all_sequences(config)
    outcomes = _outcomes(config, sequences, cutoff)
    _log.info("%s customers known before %s", f"{outcomes.known.height:,}", cutoff.isoformat())
    waits = running_waits(bundle.model, sequences, cutoff)
    baselines = fit_baselines(
        outcomes.known,
        cutoff_day=outcomes.cutoff_day,
        step_days=waits.step_days,
        horizons_days=outcomes.horizons_days.tolist(),
    )
    predictions, of_waits = _predictions(bundle, waits, baselines, outcomes)
    bins = config.evaluation.calibration_bins
    rows = evaluate(config.name, outcomes, predictions, bins=bins)
    wait_rows = evaluate_waits(config.name, outcomes, of_waits)
    curves = reliability(outcomes, predictions, bins=bins)
    folder = _write(config, cutoff, rows, wait_rows, curves)
    _track(config, registered, folder, rows, wait_rows)
    _print_report(rows, wait_rows, baselines)
    print(f"\nreport  {folder}")


def _cutoff(config: Config, bundle: Bundle) -> datetime:
    """The configured cutoff, which the model must not have seen beyond."""
    configured = config.evaluation.cutoff
    cutoff = clock_of(config).instant(configured) if configured else training_cutoff(config)
    if cutoff < datetime.fromisoformat(bundle.training_cutoff):
        raise ConfigError(
            f"[evaluation] cutoff {cutoff.isoformat()} lies before {bundle.training_cutoff}, the "
            f"training cutoff of {bundle.model_name}: the model has seen what it would be asked. "
            "Choose a later cutoff or train with an earlier one."
        )
    return cutoff


def _outcomes(config: Config, sequences: pl.DataFrame, cutoff: datetime) -> Outcomes:
    clock = clock_of(config)
    return outcomes_at(
        histories(sequences, clock=clock, target=config.waits.target),
        cutoff=cutoff,
        horizons_days=list(score_options(config).horizons.values()),
        end_day=end_of_log(config),
        clock=clock,
    )


def _predictions(
    bundle: Bundle, waits: RunningWaits, baselines: dict[str, Baseline], outcomes: Outcomes
) -> tuple[_Predictions, _Predictions]:
    """Probabilities of an order within the horizons, and up to the step that it fell in."""
    name = f"seqchurn {bundle.config['encoder']['kind']}"
    horizons, steps = outcomes.horizons_days, outcomes.wait_days
    predictions = {name: waits.probability(horizons)}
    of_waits = {name: waits.probability(steps)}
    for kind, baseline in baselines.items():
        ask = partial(baseline.probability, outcomes.known, cutoff_day=outcomes.cutoff_day)
        predictions[kind] = ask(horizon_days=horizons)
        if baseline.has_distribution:
            of_waits[kind] = ask(horizon_days=steps)
    return predictions, of_waits


def _write(
    config: Config,
    cutoff: datetime,
    rows: list[dict[str, Any]],
    wait_rows: list[dict[str, Any]],
    curves: pl.DataFrame,
) -> Path:
    folder = evaluation_folder(config, cutoff)
    write_rows(folder / "evaluation.json", rows)
    write_rows(folder / "waits.json", wait_rows)
    save_chart(reliability_chart(curves), folder / "reliability.png")
    return folder


def _track(
    config: Config,
    registered: RegisteredModel,
    folder: Path,
    rows: list[dict[str, Any]],
    wait_rows: list[dict[str, Any]],
) -> None:
    tags = {
        "seqchurn.dataset": config.name,
        "seqchurn.dataset_digest": sequences_store(config).manifest()["digest"],
        "seqchurn.model": registered.uri,
    }
    experiment = config.tracking.experiment or config.name
    plain = config.model_dump(mode="json")
    with start_run(config.store, experiment, kind="evaluate", config=plain, tags=tags) as tracked:
        tracked.log_text(to_yaml(config), "config.yaml")
        tracked.log_metrics(
            {
                f"{row['model'].split()[0]}/{score}_{row['horizon_days']:g}d": row[score]
                for row in rows
                for score in ("auc", "log_loss", "brier", "ece")
                if row["cohort"] == "all" and row[score] is not None
            }
        )
        tracked.log_metrics(
            {
                f"{row['model'].split()[0]}/wait_log_likelihood": row["log_likelihood"]
                for row in wait_rows
                if row["cohort"] == "all"
            }
        )
        for file in sorted(folder.iterdir()):
            tracked.log_file(file)


def _print_report(
    rows: list[dict[str, Any]], wait_rows: list[dict[str, Any]], baselines: dict[str, Baseline]
) -> None:
    print(evaluation_table(rows))
    print("\nlog likelihood of the wait, nats per customer (higher is better)")
    for row in wait_rows:
        if row["cohort"] == "all":
            floored = f", {row['floored']:,} floored" if row["floored"] else ""
            print(f"  {row['model']:<16} {row['log_likelihood']:.4f}{floored}")
    for baseline in baselines.values():
        if baseline.note:
            print(f"{baseline.name}: {baseline.note}")
