"""A config, sequences and a cutoff -> a fitted model: what `train` and `backtest` share.

Data, fit and checkpoints stand apart because of what lies between them: `train` refuses data that
no model can be fitted to before it opens a run, and checkpoints outlive the fit until its model is
safe.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.environments.lightning import find_free_network_port

from seqchurn.code_version import code_version
from seqchurn.commands.fits import Fits
from seqchurn.commands.one_network import data_before, fit_network, recalibrated
from seqchurn.commands.parts import clock_of
from seqchurn.config import Config
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import LockedError
from seqchurn.files import locked
from seqchurn.processes import Tell, cores, run_apart
from seqchurn.progress import work
from seqchurn.storage import Snapshot
from seqchurn.training.accelerators import devices_of, fits_on_cpu
from seqchurn.training.fitted_model import FittedModel
from seqchurn.training.ranks import ALONE, Rank
from seqchurn.training.wait_model import WaitModel

__all__ = ["Fitted", "checkpoints_of", "fit_model", "networks_at_once"]

_log = logging.getLogger(__name__)

OnNetworkEpoch = Callable[[int, int, dict[str, float]], None]
"""Called after every epoch with the number of the network, that of the epoch, and its metrics."""

OnNetworkBatch = Callable[[int, float, int], None]
"""Called now and then with the number of the network, and what `OnBatch` takes."""

_WORTH_A_PROCESS = 1_000_000  # events, or landmarks, of all epochs: some ten seconds of a core
_OF_THE_FIT = {"name", "threads", "events", "waits", "datasets", "encoder", "head", "activity"}
_NOT_OF_THE_FIT: dict[str, bool | set[str]] = {
    **dict.fromkeys(set(Config.model_fields) - {*_OF_THE_FIT, "training"}, True),
    "training": {"cutoff", "held_back", "at_once", "devices"},
}
"""Fields of a config that change no weight; the cutoff and the devices are given resolved."""


@dataclass(frozen=True)
class Fitted:
    """What a fit came to."""

    model: FittedModel
    validation_nll: float
    """Validation loss of the weights that were kept, mean over the networks, in nats per landmark;
    lower is better."""


def fit_model(
    config: Config,
    sequences: Snapshot,
    cutoff: datetime,
    *,
    checkpoints: Path,
    on_epoch: OnNetworkEpoch,
    data: TrainingData | None = None,
) -> Fitted:
    """Fit the configured networks; their weights depend on config and data alone.

    Args:
        config: The whole config; its own `training.cutoff` is not looked at.
        sequences: What is read.
        cutoff: First instant not seen, aware.
        checkpoints: As `checkpoints_of` gives it; fits found in it are continued, those that had
            ended are only read.
        on_epoch: Told the metrics of every epoch of every network.
        data: As `data_before` gives it, if it is there already.

    Raises:
        ConfigError: If the cutoff lies inside a step or before the first event or order.
        DataError: If the customers are too few to split, or no order is there to recalibrate by.
        DivergedError: If the loss is not finite; no checkpoint of that network is left.
        EnvironmentFailure: If a process that fits a network is killed.
    """
    data = data or data_before(config, sequences, cutoff)
    count, max_epochs = config.training.networks, config.training.max_epochs
    tasks = [
        _Task(config, sequences, cutoff, n, checkpoints / f"network-{n}")
        for n in range(1, count + 1)
    ]
    events = len(data.jagged.time)
    with work("training", count * max_epochs * events, "events") as training:
        fits = Fits(training, events=events, networks=count, max_epochs=max_epochs)
        told = _Told(on_epoch, fits.reach)
        apart = _fit_all_apart(tasks, data, told)
        networks, losses = [], []
        for task in tasks:  # each is fitted here, or read if it was fitted apart
            if not apart:
                _log.info("network %d of %d", task.number, count)
            network, loss = _fit(task, data, told)
            networks.append(recalibrated(config, data, task.number, network))
            losses.append(loss)
    return Fitted(_model(config, data, networks), sum(losses) / len(losses))


def networks_at_once(config: Config, data: TrainingData) -> int:
    """How many networks are fitted at the same time, each in a process of its own.

    As configured; else one per `threads` cores where a fit is long enough to be worth the seconds
    that a process takes to start, and on no accelerator, which they would have to share.
    """
    training = config.training
    if _ranks(config) > 1:
        return 1
    if training.at_once is not None:
        return min(training.at_once, training.networks)
    asked = len(data.jagged) * config.datasets.landmarks
    slots = max(len(data.jagged.time), asked) * training.max_epochs
    if slots < _WORTH_A_PROCESS or not fits_on_cpu(training.accelerator):
        return 1
    return max(min(cores() // config.threads, training.networks), 1)


def _ranks(config: Config) -> int:
    return devices_of(config.training.accelerator, config.training.devices)


def _model(config: Config, data: TrainingData, networks: list[WaitModel]) -> FittedModel:
    return FittedModel(
        networks=tuple(networks),
        codebook=data.codebook,
        facts=data.facts,
        clock=clock_of(config),
        target=config.waits.target,
        max_events=config.datasets.max_events,
    )


@dataclass(frozen=True)
class _Task:
    """A network to fit in another process."""

    config: Config
    sequences: Snapshot
    cutoff: datetime
    number: int
    checkpoints: Path
    rank: Rank = ALONE


@dataclass(frozen=True)
class _Told:
    """Who is told of the fits."""

    on_epoch: OnNetworkEpoch
    on_batch: OnNetworkBatch

    def hear(self, _: str, message: tuple[str, tuple[Any, ...]]) -> None:
        """A message of another process: what it calls, and with what."""
        whom, what = message
        getattr(self, whom)(*what)


def _fit_all_apart(tasks: list[_Task], data: TrainingData, told: _Told) -> bool:
    """Fit them in other processes, if that is worth it; whether it was."""
    config = tasks[0].config
    at_once, ranks = networks_at_once(config, data), _ranks(config)
    if ranks > 1:
        for task in tasks:
            _fit_together(task, ranks, told)
    elif at_once > 1:
        _log.info("%d networks, %d at once", len(tasks), at_once)
        named = {f"network {task.number}": task for task in tasks}
        run_apart(_fit_apart, named, at_once=at_once, told=told.hear)
    return ranks > 1 or at_once > 1


def _fit_together(task: _Task, ranks: int, told: _Told) -> None:
    """Fit a network in several processes, whose first one tells of its epochs."""
    port = find_free_network_port()
    named = {
        f"network {task.number}, rank {rank}": replace(task, rank=Rank(rank, ranks, port))
        for rank in range(ranks)
    }
    _log.info("network %d, fitted by %d processes together", task.number, ranks)
    run_apart(_fit_apart, named, at_once=ranks, told=told.hear)


def _fit_apart(task: _Task, tell: Tell) -> None:
    """Fit a network; its checkpoints stay."""
    torch.set_num_threads(task.config.threads)
    data = data_before(task.config, task.sequences, task.cutoff)
    _fit(task, data, _Told(lambda *m: tell(("on_epoch", m)), lambda *m: tell(("on_batch", m))))


def _fit(task: _Task, data: TrainingData, told: _Told) -> tuple[WaitModel, float]:
    return fit_network(
        task.config,
        data,
        task.number,
        checkpoints=task.checkpoints,
        on_epoch=partial(told.on_epoch, task.number),
        on_batch=partial(told.on_batch, task.number),
        rank=task.rank,
    )


def fit_name(config: Config, cutoff: datetime, digest: str) -> str:
    """Short name of a fit: the same for the same program, to its last line, config and data."""
    fit_itself = f"{code_version()} {config.model_dump_json(exclude=_NOT_OF_THE_FIT)}"
    text = f"{fit_itself} {_ranks(config)} {cutoff.isoformat()} {digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextmanager
def checkpoints_of(config: Config, cutoff: datetime, digest: str) -> Iterator[Path]:
    """Folder of checkpoints of this very fit: same program, config and data; removed on success.

    Args:
        config: The whole config; its own `training.cutoff` is not looked at.
        cutoff: First instant that the fit does not see, aware.
        digest: Digest of the sequences.

    Raises:
        LockedError: If another run is at the same fit.
    """
    folder = config.store / "checkpoints" / f"{config.name}-{fit_name(config, cutoff, digest)}"
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
