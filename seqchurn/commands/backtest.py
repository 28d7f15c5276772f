"""seqchurn backtest: models at rolling cutoffs of the past -> table, JSON and staleness curve."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import torch

from seqchurn.baselines import fit_baselines
from seqchurn.commands.fitting import checkpoints_of, data_before, fit_model
from seqchurn.commands.parts import (
    attributes_of,
    clock_of,
    end_of_log,
    score_options,
    sequences_store,
)
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.config.yaml_text import to_yaml
from seqchurn.evaluation import Outcomes, count_events, outcomes_at, write_rows
from seqchurn.evaluation.backtest import Entrant, backtest_table, compared, judge
from seqchurn.evaluation.cutoffs import rolling_cutoffs
from seqchurn.plots import save_chart, staleness_chart
from seqchurn.prediction import running_waits
from seqchurn.tracking import Run, start_run
from seqchurn.training.accelerators import check_accelerator
from seqchurn.training.fitted_model import FittedModel
from seqchurn.waits import histories

__all__ = ["run"]

_log = logging.getLogger(__name__)

_Models = dict[str, tuple[datetime, FittedModel]]
"""By `refit`, with their training cutoff."""


def run(config: Config, *, refit: str = "never") -> None:
    """Judge the network and fresh baselines at cutoffs of the past; nothing is registered.

    Args:
        config: The whole config.
        refit: never: the network is fitted at the first cutoff; every: also at each other one.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss of a fit is no longer finite.
    """
    torch.set_num_threads(config.threads)
    check_accelerator(config.training.accelerator)
    sequences = sequences_store(config).snapshot()
    log = sequences.scan().collect()
    orders = histories(
        log,
        clock=clock_of(config),
        target=config.waits.target,
        numbers=attributes_of(config).numbers,
    )
    end_day = end_of_log(config)
    cutoffs = _cutoffs(config, orders, end_day)
    models: _Models = {}
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        checkpoints = {  # kept until all is done: a backtest that is cut off repeats no fit
            cutoff: stack.enter_context(checkpoints_of(config, cutoff, sequences.digest))
            for cutoff in (cutoffs if refit == "every" else cutoffs[:1])
        }
        tracked = stack.enter_context(_tracked(config, sequences.digest, refit))
        tracked.log_text(to_yaml(config), "config.yaml")
        for step, cutoff in enumerate(cutoffs):
            _log.info("cutoff %d of %d: %s", step + 1, len(cutoffs), cutoff.isoformat())
            if cutoff in checkpoints:
                fresh = cutoff, _fit(config, log, cutoff, checkpoints[cutoff])
                models = {"never": fresh, **models, refit: fresh}
            outcomes = outcomes_at(
                orders,
                cutoff=cutoff,
                horizons_days=list(score_options(config).horizons.values()),
                end_day=end_day,
                clock=clock_of(config),
                event_counts=count_events(log, cutoff),
            )
            judged = _judged(config, log, outcomes, models)
            tracked.log_metrics(_metrics(judged), step=step)
            rows += judged
        _report(config, refit, rows, tracked)


def _tracked(config: Config, digest: str, refit: str) -> AbstractContextManager[Run]:
    dataset = {"seqchurn.dataset": config.name, "seqchurn.dataset_digest": digest}
    return start_run(
        config.store,
        config.tracking.experiment or config.name,
        kind="backtest",
        config=config.model_dump(mode="json"),
        tags={**dataset, "seqchurn.refit": refit},
    )


def _cutoffs(config: Config, orders: pl.DataFrame, end_day: float) -> list[datetime]:
    clock, until = clock_of(config), config.backtest.until
    first_day = orders.select(pl.col("order_days").list.first().min()).item()
    return rolling_cutoffs(
        (first_day, end_day),
        count=config.backtest.cutoffs,
        every_days=duration_days(config.backtest.every),
        longest_days=max(score_options(config).horizons.values()),
        until=clock.instant(until) if until else None,
        clock=clock,
    )


def _fit(config: Config, log: pl.DataFrame, cutoff: datetime, checkpoints: Path) -> FittedModel:
    data = data_before(config, log, cutoff)
    return fit_model(config, data, checkpoints=checkpoints, on_epoch=lambda *_: None).model


def _network(config: Config) -> str:
    """Its name in the rows."""
    return f"seqchurn {config.encoder.kind}"


def _judged(
    config: Config, log: pl.DataFrame, outcomes: Outcomes, models: _Models
) -> list[dict[str, Any]]:
    """Rows of the networks, and of baselines fitted at this very cutoff."""
    known, clock = outcomes.known, clock_of(config)
    day, horizons = outcomes.cutoff_day, outcomes.horizons_days
    networks = [
        Entrant(training_cutoff, refit, {_network(config): waits.probability(horizons)})
        for refit, (training_cutoff, model) in models.items()
        for waits in [running_waits(model, log, outcomes.cutoff)]
    ]
    baselines = fit_baselines(
        known, cutoff_day=day, step_days=clock.step_days, horizons_days=horizons.tolist()
    )
    answers = {
        name: baseline.probability(known, cutoff_day=day, horizon_days=horizons)
        for name, baseline in baselines.items()
    }
    return judge(
        config.name,
        outcomes,
        [*networks, Entrant(outcomes.cutoff, "every", answers)],
        bins=config.evaluation.calibration_bins,
        clock=clock,
    )


def _metrics(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {
        f"{row['model'].split()[0]}/{row['refit']}/{score}_{row['horizon_days']:g}d": row[score]
        for row in rows
        for score in ("auc", "log_loss", "brier", "ece")
        if row["cohort"] == "all" and row[score] is not None
    }


def _report(config: Config, refit: str, rows: list[dict[str, Any]], tracked: Run) -> None:
    comparison = compared(rows, network=_network(config))
    text = f"{config.name}, refit {refit}: {backtest_table(comparison)}"
    folder = config.store / "backtest" / config.name / f"refit={refit}"
    write_rows(folder / "backtest.json", rows)
    save_chart(staleness_chart(comparison), folder / "staleness.png")
    tracked.log_text(text, "backtest.txt")
    for name in ("backtest.json", "staleness.png"):
        tracked.log_file(folder / name)
    print(f"{text}\n\nreport  {folder}")
