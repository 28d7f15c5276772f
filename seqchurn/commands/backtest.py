"""seqchurn backtest: models at rolling cutoffs of the past -> table, JSON and staleness curve."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import torch

from seqchurn.baselines import check_baselines
from seqchurn.commands.fitting import checkpoints_of, fit_model
from seqchurn.commands.parts import clock_of, sequences_store
from seqchurn.commands.rolling import Rolling
from seqchurn.config import Config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.console import preformatted
from seqchurn.evaluation import write_rows
from seqchurn.evaluation.backtest import (
    ask_networks,
    backtest_metrics,
    compared,
    fresh_baselines,
    judge,
)
from seqchurn.evaluation.backtest_table import backtest_table
from seqchurn.evaluation.rows import Row
from seqchurn.plots import save_chart, staleness_chart
from seqchurn.progress import work
from seqchurn.storage import Snapshot
from seqchurn.tracking import Run, start_run
from seqchurn.training.accelerators import check_accelerator
from seqchurn.training.fitted_model import FittedModel

__all__ = ["Backtest", "backtest", "run"]

_log = logging.getLogger(__name__)

_Models = dict[str, tuple[datetime, FittedModel]]
"""By `refit`, with their training cutoff."""


@dataclass(frozen=True)
class Backtest:
    """What was found at cutoffs of the past, and where it lies."""

    scores: list[Row]
    """Rows of `backtest.json`."""
    comparison: pl.DataFrame
    """The frame of `seqchurn.evaluation.backtest.compared`, which charts take."""
    folder: Path
    text: str
    """The table that is printed."""

    def __str__(self) -> str:
        """The page that `seqchurn backtest` prints."""
        return f"{self.text}\n\nreport  {self.folder}"

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def run(config: Config, *, refit: str = "never") -> None:
    """Judge the network and fresh baselines at cutoffs of the past, and print it.

    Args:
        config: The whole config.
        refit: never: the network is fitted at the first cutoff; every: also at each other one.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss of a fit is no longer finite.
    """
    print(backtest(config, refit=refit))


def backtest(config: Config, *, refit: str = "never") -> Backtest:
    """Judge the network and fresh baselines at cutoffs of the past; nothing is registered.

    Args:
        config: The whole config.
        refit: never: the network is fitted at the first cutoff; every: also at each other one.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss of a fit is no longer finite.
    """
    torch.set_num_threads(config.threads)
    check_accelerator(config.training.accelerator, config.training.devices)
    check_baselines()
    sequences = sequences_store(config).snapshot()
    log = sequences.scan().collect()
    past = Rolling(config, log)
    bins = config.evaluation.calibration_bins
    models: _Models = {}
    rows: list[Row] = []
    with ExitStack() as stack:
        checkpoints = {  # kept until all is done: a backtest that is cut off repeats no fit
            cutoff: stack.enter_context(checkpoints_of(config, cutoff, sequences.digest))
            for cutoff in (past.cutoffs if refit == "every" else past.cutoffs[:1])
        }
        tracked = stack.enter_context(_tracked(config, sequences.digest, refit))
        tracked.log_text(to_yaml(config), "config.yaml")
        tried = stack.enter_context(work("cutoff", len(past.cutoffs), "cutoffs"))
        for step, cutoff in enumerate(past.cutoffs):
            tried.say(f"cutoff {step + 1} of {len(past.cutoffs)}")
            _log.info("cutoff %d of %d: %s", step + 1, len(past.cutoffs), cutoff.isoformat())
            if cutoff in checkpoints:
                fresh = cutoff, _fit(config, sequences, cutoff, checkpoints[cutoff])
                models = {"never": fresh, **models, refit: fresh}
            outcomes = past.outcomes(cutoff)
            entrants = ask_networks(_network(config), models, log, outcomes)
            entrants.append(fresh_baselines(outcomes))
            judged = judge(config.name, outcomes, entrants, bins=bins, clock=clock_of(config))
            tracked.log_metrics(backtest_metrics(judged), step=step)
            rows += judged
            tried.done()
        return _report(config, refit, rows, tracked)


def _tracked(config: Config, digest: str, refit: str) -> AbstractContextManager[Run]:
    dataset = {"seqchurn.dataset": config.name, "seqchurn.dataset_digest": digest}
    return start_run(
        config.store,
        config.tracking.experiment or config.name,
        kind="backtest",
        config=config.model_dump(mode="json"),
        tags={**dataset, "seqchurn.refit": refit},
    )


def _fit(config: Config, sequences: Snapshot, cutoff: datetime, folder: Path) -> FittedModel:
    return fit_model(config, sequences, cutoff, checkpoints=folder, on_epoch=lambda *_: None).model


def _network(config: Config) -> str:
    """Its name in the rows."""
    return f"seqchurn {config.encoder.kind}"


def _report(config: Config, refit: str, rows: list[Row], tracked: Run) -> Backtest:
    comparison = compared(rows, network=_network(config))
    text = f"{config.name}, refit {refit}: {backtest_table(comparison)}"
    folder = config.store / "backtest" / config.name / f"refit={refit}"
    write_rows(folder / "backtest.json", rows)
    save_chart(staleness_chart(comparison), folder / "staleness.png")
    tracked.log_text(text, "backtest.txt")
    for name in ("backtest.json", "staleness.png"):
        tracked.log_file(folder / name)
    return Backtest(rows, comparison, folder, text)
