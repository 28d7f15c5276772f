"""seqchurn train: sequences before the cutoff -> a fitted model, tracked and registered."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars
import torch

from seqchurn.code_version import code_version
from seqchurn.commands.cards import DATA_SHEET, renew_card, sheet_of, sizes_of
from seqchurn.commands.fitting import checkpoints_of, fit_model, fit_name
from seqchurn.commands.one_network import data_before
from seqchurn.commands.parts import clock_of, score_options, sequences_store, training_cutoff
from seqchurn.config import Config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.plots import learning_chart, save_chart
from seqchurn.prediction import ScoreOptions
from seqchurn.tracking import (
    Bundle,
    RegisteredModel,
    Run,
    challenge_by_fit,
    connect,
    register,
    start_run,
    store_place,
)
from seqchurn.training.accelerators import check_accelerator
from seqchurn.training.fitted_model import FittedModel

__all__ = ["Training", "run", "train"]


@dataclass(frozen=True)
class Training:
    """A version that was registered, now or before."""

    registered: RegisteredModel
    cutoff: datetime
    """First instant that it has not seen."""
    validation_nll: float | None
    """Nats per landmark, lower is better; None: this very fit was registered before."""


def run(config: Config, *, force: bool = False) -> None:
    """Fit a model on what lies before the cutoff, register it and say so.

    Args:
        config: The whole config.
        force: Fit again even if this very fit is registered already.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss is no longer finite.
    """
    done = train(config, force=force)
    state = ", unchanged" if done.validation_nll is None else ""
    print(f"model       {done.registered.uri}, run {done.registered.run_id}{state}")
    print(f"cutoff      {done.cutoff.isoformat()}")
    if done.validation_nll is not None:
        print(
            f"validation  {done.validation_nll:.4f} nats per landmark, mean of "
            f"{config.training.networks} network(s), lower is better"
        )
        print(f"tracking    {store_place(config.store)}")


def train(config: Config, *, force: bool = False) -> Training:
    """Fit a model on what lies before the cutoff, record the run, register the model.

    Args:
        config: The whole config.
        force: Fit again even if this very fit is registered already.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss is no longer finite.
    """
    torch.set_num_threads(config.threads)
    check_accelerator(config.training.accelerator, config.training.devices)
    sequences = sequences_store(config).snapshot()
    cutoff, scores = training_cutoff(config), score_options(config)
    until = clock_of(config).local(cutoff)
    connect(config.store, make=True)
    model = config.tracking.model or config.name
    fit = _registered_as(fit_name(config, cutoff, sequences.digest), scores)
    if not force and (known := challenge_by_fit(model, fit)):
        return Training(known, until, None)
    data = data_before(config, sequences, cutoff)
    with (
        checkpoints_of(config, cutoff, sequences.digest) as checkpoints,
        _tracked(config, sequences.digest) as tracked,
    ):
        tracked.log_text(to_yaml(config), "config.yaml")
        tracked.log_text(sheet_of(config, sequences, data, cutoff), DATA_SHEET)
        tracked.log_metrics(sizes_of(data))
        history = _History(tracked)
        fitted = fit_model(
            config,
            sequences,
            cutoff,
            checkpoints=checkpoints,
            on_epoch=history.add,
            data=data,
        )
        tracked.log_metrics({"best_validation_nll": fitted.validation_nll})
        history.log_chart(checkpoints)
        bundle = _bundle(config, fitted.model, scores, until, tracked.run_id)
        registered = register(bundle, fit=fit)
    renew_card(registered)
    return Training(registered, until, fitted.validation_nll)


def _tracked(config: Config, digest: str) -> AbstractContextManager[Run]:
    return start_run(
        config.store,
        config.tracking.experiment or config.name,
        kind="train",
        config=config.model_dump(mode="json"),
        tags={
            "seqchurn.dataset": config.name,
            "seqchurn.dataset_digest": digest,
            "seqchurn.code": code_version(),
        },
    )


def _registered_as(fit: str, scores: ScoreOptions) -> str:
    """Short name of what a version depends on: its fit, and what it says when asked for scores."""
    return hashlib.sha256(f"{fit} {scores}".encode()).hexdigest()[:12]


class _History:
    """Losses of the epochs, told to the run as they come and drawn at the end."""

    def __init__(self, tracked: Run) -> None:
        self.tracked = tracked
        self.losses: list[dict[str, object]] = []

    def add(self, network: int, epoch: int, metrics: dict[str, float]) -> None:
        splits = {name.removesuffix("/nll"): value for name, value in metrics.items()}
        named = {f"{split}/nll_{network}": value for split, value in splits.items()}
        self.tracked.log_metrics(named, step=epoch)
        at = {"network": network, "epoch": epoch}
        self.losses += [{**at, "split": s, "nll": v} for s, v in splits.items()]

    def log_chart(self, folder: Path) -> None:
        if self.losses:  # none where a fit was continued that had ended
            picture = folder / "learning.png"
            save_chart(learning_chart(polars.DataFrame(self.losses)), picture)
            self.tracked.log_file(picture)


def _bundle(
    config: Config, model: FittedModel, scores: ScoreOptions, cutoff: datetime, run_id: str
) -> Bundle:
    return Bundle(
        model=model,
        scores=scores,
        config=config.model_dump(mode="json"),
        training_cutoff=cutoff.isoformat(),
        model_name=config.tracking.model or config.name,
        run_id=run_id,
    )
