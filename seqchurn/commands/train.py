"""seqchurn train: sequences before the cutoff -> a fitted model, tracked and registered."""

from __future__ import annotations

import hashlib
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import polars
import pytorch_lightning as pl
import torch

from seqchurn import __version__
from seqchurn.commands.parts import (
    attributes_of,
    clock_of,
    score_options,
    sequences_store,
    training_cutoff,
)
from seqchurn.config import Config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.datasets.data_module import Asking
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.errors import LockedError
from seqchurn.files import locked
from seqchurn.plots import learning_chart, save_chart
from seqchurn.prediction import ScoreOptions
from seqchurn.tracking import Bundle, Run, register, start_run, store_place
from seqchurn.training.accelerators import check_accelerator
from seqchurn.training.fit import FitOptions, fit
from seqchurn.training.fitted_model import FittedModel, make_model
from seqchurn.training.wait_model import WaitModel

__all__ = ["run"]

_log = logging.getLogger(__name__)


def run(config: Config) -> None:
    """Fit a model on what lies before the cutoff, record the run, register the model.

    Args:
        config: The whole config.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss is no longer finite.
    """
    torch.set_num_threads(config.threads)
    check_accelerator(config.training.accelerator)
    sequences = sequences_store(config).snapshot()
    cutoff, scores = training_cutoff(config), score_options(config)
    data = _training_data(config, sequences.scan().collect(), cutoff)
    pl.seed_everything(config.training.seed, verbose=False)
    encoder, head = config.encoder.model_dump(), config.head.model_dump()
    network = make_model(data.facts, encoder=encoder, head=head)
    with (
        _checkpoints(config, sequences.digest) as checkpoints,
        start_run(
            config.store,
            config.tracking.experiment or config.name,
            kind="train",
            config=config.model_dump(mode="json"),
            tags={"seqchurn.dataset": config.name, "seqchurn.dataset_digest": sequences.digest},
        ) as tracked,
    ):
        tracked.log_text(to_yaml(config), "config.yaml")
        history = _History(tracked)
        best = fit(
            network,
            data,
            _asking(config),
            FitOptions(**config.training.model_dump(exclude={"cutoff"})),
            checkpoints=checkpoints,
            on_epoch=history.add,
            progress=sys.stderr.isatty() and _log.isEnabledFor(logging.INFO),
        )
        tracked.log_metrics({"best_validation_nll": best})
        history.log_chart(checkpoints)
        model = _fitted_model(config, network, data)
        registered = register(_bundle(config, model, scores, cutoff, tracked.run_id))
    print(f"model       {registered.uri}, run {registered.run_id}")
    print(f"cutoff      {cutoff.isoformat()}")
    print(f"validation  {best:.4f} nats per landmark, lower is better")
    print(f"tracking    {store_place(config.store)}")


class _History:
    """Losses of the epochs, told to the run as they come and drawn at the end."""

    def __init__(self, tracked: Run) -> None:
        self.tracked = tracked
        self.losses: list[dict[str, object]] = []

    def add(self, epoch: int, metrics: dict[str, float]) -> None:
        self.tracked.log_metrics(metrics, step=epoch)
        splits = {name.removesuffix("/nll"): value for name, value in metrics.items()}
        self.losses += [{"epoch": epoch, "split": s, "nll": v} for s, v in splits.items()]

    def log_chart(self, folder: Path) -> None:
        if self.losses:  # none where a fit was continued that had ended
            picture = folder / "learning.png"
            save_chart(learning_chart(polars.DataFrame(self.losses)), picture)
            self.tracked.log_file(picture)


def _training_data(config: Config, sequences: polars.DataFrame, cutoff: datetime) -> TrainingData:
    data = training_data(
        sequences,
        cutoff=cutoff,
        clock=clock_of(config),
        target=config.waits.target,
        attributes=attributes_of(config),
        limits=(config.datasets.max_events, config.datasets.max_categories),
        split=_split(config),
    )
    _log.info(
        "%s customers learn, %s tell when to stop; %s events before %s",
        f"{len(data.training):,}",
        f"{len(data.validation):,}",
        f"{len(data.jagged.time):,}",
        cutoff.isoformat(),
    )
    return data


def _fitted_model(config: Config, network: WaitModel, data: TrainingData) -> FittedModel:
    return FittedModel(
        network=network,
        codebook=data.codebook,
        facts=data.facts,
        clock=clock_of(config),
        target=config.waits.target,
        max_events=config.datasets.max_events,
    )


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


def _split(config: Config) -> Split:
    fields = {"validation_fraction", "validation_customers"}
    return Split(seed=config.training.seed, **config.datasets.model_dump(include=fields))


def _asking(config: Config) -> Asking:
    fields = {"landmarks", "landmark_density", "batch_slots"}
    return Asking(clock_of(config).step_days, **config.datasets.model_dump(include=fields))


@contextmanager
def _checkpoints(config: Config, digest: str) -> Iterator[Path]:
    """Folder of checkpoints of this very fit: same program, config and data; removed on success.

    Raises:
        LockedError: If another run is at the same fit.
    """
    fit_itself = config.model_dump_json(exclude={"tracking", "evaluation", "scoring", "store"})
    name = hashlib.sha256(f"{__version__} {fit_itself} {digest}".encode()).hexdigest()[:12]
    folder = config.store / "checkpoints" / f"{config.name}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    busy = f"another run is training the same model in {folder}. Wait until it has ended."
    with locked(folder, busy):
        if not folder.exists():  # the other run has just ended and removed it
            raise LockedError(busy)
        try:
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            with suppress(OSError):  # gone, or there is something to go on from
                folder.rmdir()
