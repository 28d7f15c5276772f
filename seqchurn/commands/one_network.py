"""A config, sequences and a cutoff -> data to learn from, and one network fitted to it."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import pytorch_lightning as pl

from seqchurn.commands.parts import attributes_of, clock_of
from seqchurn.config import Config
from seqchurn.datasets.data_module import Asking
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.storage import Snapshot
from seqchurn.training.fit import FitOptions, OnBatch, OnEpoch, fit
from seqchurn.training.fitted_model import make_model
from seqchurn.training.ranks import ALONE, Rank
from seqchurn.training.recalibration import recalibrate
from seqchurn.training.wait_model import WaitModel

__all__ = ["data_before", "fit_network", "recalibrated"]

_log = logging.getLogger(__name__)

_SEEDS_APART = 10_007


def data_before(config: Config, sequences: Snapshot, cutoff: datetime) -> TrainingData:
    """What a model may learn from, and who tells when to stop.

    Args:
        config: The whole config; its own `training.cutoff` is not looked at.
        sequences: What is read.
        cutoff: First instant not seen, aware.

    Raises:
        ConfigError: If the cutoff lies inside a step or before the first event or order.
        DataError: If the customers are too few to split.
    """
    fields = set(Split.__dataclass_fields__) - {"seed"}
    data = training_data(
        sequences.scan().collect(),
        cutoff=cutoff,
        clock=clock_of(config),
        target=config.waits.target,
        attributes=attributes_of(config),
        limits=(config.datasets.max_events, config.datasets.max_categories),
        split=Split(seed=config.training.seed, **config.datasets.model_dump(include=fields)),
    )
    _log.info(
        "%s customers learn, %s tell when to stop; %s events before %s",
        f"{len(data.training):,}",
        f"{len(data.validation):,}",
        f"{len(data.jagged.time):,}",
        cutoff.isoformat(),
    )
    return data


def fit_network(
    config: Config,
    data: TrainingData,
    number: int,
    *,
    checkpoints: Path,
    on_epoch: OnEpoch,
    on_batch: OnBatch,
    rank: Rank = ALONE,
) -> tuple[WaitModel, float]:
    """A fitted network and its validation loss, in nats per landmark.

    Args:
        config: The whole config.
        data: As `data_before` gives it.
        number: Of the network, from 1 on; the first one has the configured seed.
        checkpoints: Folder of this very fit; one found in it is continued, or read if it had ended.
        on_epoch: Told the metrics of every epoch.
        on_batch: Told how far the fit has come.
        rank: Which of the processes that fit the network together this one is.

    Raises:
        DivergedError: If the loss is not finite; no checkpoint is left.
    """
    seed = _seed_of(config, number)
    elsewhere = {"cutoff", "held_back", "networks", "at_once", "devices"}
    options = config.training.model_dump(exclude=elsewhere)
    pl.seed_everything(seed, verbose=False)
    network = make_model(
        data.facts,
        encoder=config.encoder.model_dump(),
        head=config.head.model_dump(),
        activity=config.activity.model_dump(),
    )
    loss = fit(
        network,
        data,
        _asking(config),
        FitOptions(**{**options, "seed": seed}),
        checkpoints=checkpoints,
        on_epoch=on_epoch,
        on_batch=on_batch,
        rank=rank,
    )
    return network, loss


def recalibrated(config: Config, data: TrainingData, number: int, network: WaitModel) -> WaitModel:
    """The network, fitted to the slice that it has not learned from, if there is one.

    Raises:
        DataError: If there is no order to recalibrate by.
    """
    if data.end_day < data.cutoff_day:
        recalibrate(network, data, _asking(config), seed=_seed_of(config, number))
        _log.info("recalibrated: hazards times %.3f", network.hazard_scale)
    return network


def _asking(config: Config) -> Asking:
    fields = {"landmarks", "landmark_density", "batch_slots"}
    return Asking(clock_of(config).step_days, **config.datasets.model_dump(include=fields))


def _seed_of(config: Config, number: int) -> int:
    return config.training.seed + (number - 1) * _SEEDS_APART
