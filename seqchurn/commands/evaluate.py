"""seqchurn evaluate: a model and the baselines at a cutoff -> tables, JSON and pictures."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from seqchurn.baselines import check_baselines, fit_baselines
from seqchurn.commands.cards import renew_card
from seqchurn.commands.outcomes import outcomes_of
from seqchurn.commands.parts import (
    all_sequences,
    attributes_of,
    clock_of,
    evaluation_folder,
    fitting_model,
    score_options,
    sequences_store,
    training_cutoff,
)
from seqchurn.config import Config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.console import preformatted
from seqchurn.errors import ConfigError
from seqchurn.evaluation import Assessment, Outcomes, assess, summary
from seqchurn.evaluation.asking import ask_baseline, ask_network
from seqchurn.plots import (
    pit_by_cohort_chart,
    pit_chart,
    reliability_by_cohort_chart,
    reliability_chart,
    save_chart,
)
from seqchurn.schema import CUSTOMER_ID
from seqchurn.tracking import EVALUATED_BY, Bundle, RegisteredModel, record, start_run

__all__ = ["REPORT", "Evaluation", "evaluate", "run"]

_log = logging.getLogger(__name__)

REPORT = "report.html"
"""Name of the page that `seqchurn report` writes beside the tables."""


@dataclass(frozen=True)
class Evaluation:
    """What was found at a cutoff, and where it lies."""

    network: str
    """Name of the network among the models."""
    assessment: Assessment
    outcomes: Outcomes
    within: dict[str, npt.NDArray[np.float64]]
    """Name of each model to its P(order within each horizon), shape (B, H)."""
    registered: RegisteredModel
    """The model that was asked."""
    run_id: str
    """Of the evaluation, in MLflow."""
    folder: Path
    """Tables and charts."""
    notes: list[str]
    """What baselines have to say about themselves."""

    def customers(self, horizon_days: float) -> pl.DataFrame:
        """What each model said of each customer, and what happened.

        Args:
            horizon_days: One of those that were evaluated.

        Returns:
            `customer_id`, `order_days` before the cutoff (list), `ordered` within the horizon, and
            a column for each model: P(order within). Null where a model has no answer.

        Raises:
            ConfigError: If the horizon was not evaluated.
        """
        horizons = self.outcomes.horizons_days.tolist()
        if horizon_days not in horizons:
            there = ", ".join(f"{days:g}" for days in horizons)
            raise ConfigError(
                f"{horizon_days:g} days were not evaluated; there are {there}. Choose one of "
                "these, or add it to evaluation.horizons."
            )
        h = horizons.index(horizon_days)
        said = {name: probability[:, h] for name, probability in self.within.items()}
        known = self.outcomes.known.select(CUSTOMER_ID, "order_days")
        return known.with_columns(
            pl.Series("ordered", self.outcomes.ordered[:, h]),
            *(pl.Series(name, values).fill_nan(None) for name, values in said.items()),
        )

    def __str__(self) -> str:
        """The page that `seqchurn evaluate` prints."""
        return "\n".join([summary(self.assessment), "", *self.notes, f"report  {self.folder}"])

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def run(config: Config, *, model_version: str | None = None) -> None:
    """Compare a model and the baselines with what followed a cutoff, and print it.

    Args:
        config: The whole config.
        model_version: Version or alias; default: the newest.

    Raises:
        SeqchurnError: If the config, the data or the model do not allow it.
    """
    print(evaluate(config, model_version=model_version))


def evaluate(config: Config, *, model_version: str | None = None) -> Evaluation:
    """Compare a model and the baselines with what followed a cutoff.

    Args:
        config: The whole config.
        model_version: Version or alias; default: the newest.

    Raises:
        SeqchurnError: If the config, the data or the model do not allow it.
    """
    torch.set_num_threads(config.threads)
    check_baselines()
    registered, bundle = fitting_model(config, model_version)
    cutoff = _cutoff(config, bundle)
    sequences = all_sequences(config)
    horizons = list(score_options(config).horizons.values())
    numbers = attributes_of(config).numbers
    outcomes = outcomes_of(config, sequences, cutoff, horizons, numbers=numbers)
    _log.info("%s customers known before %s", f"{outcomes.known.height:,}", outcomes.cutoff_text)
    network = f"seqchurn {bundle.config['encoder']['kind']}"
    paths = config.scoring.count_paths
    answers = {network: ask_network(bundle.model, sequences, outcomes, count_paths=paths)}
    baselines = fit_baselines(
        outcomes.known,
        cutoff_day=outcomes.cutoff_day,
        step_days=outcomes.step_days,
        horizons_days=outcomes.horizons_days.tolist(),
    )
    answers |= {name: ask_baseline(b, outcomes) for name, b in baselines.items()}
    assessment = assess(
        config.name,
        outcomes,
        answers,
        model=network,
        bins=config.evaluation.calibration_bins,
        resamples=config.evaluation.resamples,
    )
    folder = _write(config, cutoff, assessment)
    run_id = _track(config, registered, folder, assessment)
    record(registered, {EVALUATED_BY: run_id})
    renew_card(registered)
    notes = [f"{b.name}: {b.note}" for b in baselines.values() if b.note]
    within = {name: answer.within for name, answer in answers.items()}
    return Evaluation(network, assessment, outcomes, within, registered, run_id, folder, notes)


def _cutoff(config: Config, bundle: Bundle) -> datetime:
    """The configured cutoff, which the model must not have seen beyond."""
    configured = config.evaluation.cutoff
    clock = clock_of(config)
    cutoff = clock.instant(configured) if configured else training_cutoff(config)
    if cutoff < datetime.fromisoformat(bundle.training_cutoff):
        raise ConfigError(
            f"[evaluation] cutoff {clock.local(cutoff).isoformat()} lies before "
            f"{bundle.training_cutoff}, the training cutoff of {bundle.model_name}: the model has "
            "seen what it would be asked. Choose a later cutoff or train with an earlier one."
        )
    return cutoff


def _write(config: Config, cutoff: datetime, assessment: Assessment) -> Path:
    folder = evaluation_folder(config, cutoff)
    (folder / REPORT).unlink(missing_ok=True)  # of an evaluation before
    assessment.write(folder)
    curve, histogram = assessment.reliability, assessment.pit
    save_chart(reliability_chart(curve), folder / "reliability.png")
    save_chart(reliability_by_cohort_chart(curve), folder / "reliability_by_cohort.png")
    save_chart(pit_chart(histogram), folder / "pit.png")
    save_chart(pit_by_cohort_chart(histogram), folder / "pit_by_cohort.png")
    return folder


def _track(
    config: Config, registered: RegisteredModel, folder: Path, assessment: Assessment
) -> str:
    tags = {
        "seqchurn.dataset": config.name,
        "seqchurn.dataset_digest": sequences_store(config).manifest()["digest"],
        "seqchurn.model": registered.uri,
    }
    experiment = config.tracking.experiment or config.name
    plain = config.model_dump(mode="json")
    with start_run(config.store, experiment, kind="evaluate", config=plain, tags=tags) as tracked:
        tracked.log_text(to_yaml(config), "config.yaml")
        tracked.log_metrics(assessment.metrics())
        for file in sorted(folder.iterdir()):
            tracked.log_file(file)
    return tracked.run_id
