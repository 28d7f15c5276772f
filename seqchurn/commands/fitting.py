"""A config, sequences and a cutoff -> a fitted model: what `train` and `backtest` share.

The three steps stand apart because of what lies between them: `train` refuses data that no model
can be fitted to before it opens a run, and checkpoints outlive the fit until its model is safe.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars
import pytorch_lightning as pl

from seqchurn import __version__
from seqchurn.commands.parts import attributes_of, clock_of
from seqchurn.config import Config
from seqchurn.datasets.data_module import Asking
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.errors import LockedError
from seqchurn.files import locked
from seqchurn.training.fit import FitOptions, OnEpoch, fit
from seqchurn.training.fitted_model import FittedModel, make_model

__all__ = ["Fitted", "checkpoints_of", "data_before", "fit_model"]

_log = logging.getLogger(__name__)

_ELSEWHERE = ("store", "evaluation", "backtest", "tracking", "scoring")
_NOT_OF_THE_FIT: dict[str, bool | set[str]] = {
    **dict.fromkeys(_ELSEWHERE, True),
    "training": {"cutoff"},
}
"""Fields of a config that change no weight; the cutoff is given resolved."""


@dataclass(frozen=True)
class Fitted:
    """What a fit came to."""

    model: FittedModel
    validation_nll: float
    """Validation loss of the weights that were kept, in nats per landmark; lower is better."""


def data_before(config: Config, sequences: polars.DataFrame, cutoff: datetime) -> TrainingData:
    """What a model may learn from, and who tells when to stop.

    Args:
        config: The whole config; its own `training.cutoff` is not looked at.
        sequences: The sequences table.
        cutoff: First instant not seen, aware.

    Raises:
        ConfigError: If the cutoff lies inside a step or before the first event or order.
        DataError: If the customers are too few to split.
    """
    fields = {"validation_fraction", "validation_customers", "validation_span"}
    data = training_data(
        sequences,
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


def fit_model(
    config: Config, data: TrainingData, *, checkpoints: Path, on_epoch: OnEpoch
) -> Fitted:
    """Fit the configured network; its weights depend on config and data alone.

    Args:
        config: The whole config.
        data: As `data_before` gives it.
        checkpoints: As `checkpoints_of` gives it; a fit found in it is continued, one that had
            ended is only read.
        on_epoch: Told the metrics of every epoch.

    Raises:
        DivergedError: If the loss is not finite; no checkpoint is left to go on from.
    """
    fields = {"landmarks", "landmark_density", "batch_slots"}
    clock = clock_of(config)
    pl.seed_everything(config.training.seed, verbose=False)
    network = make_model(
        data.facts,
        encoder=config.encoder.model_dump(),
        head=config.head.model_dump(),
        activity=config.activity.model_dump(),
    )
    best = fit(
        network,
        data,
        Asking(clock.step_days, **config.datasets.model_dump(include=fields)),
        FitOptions(**config.training.model_dump(exclude={"cutoff"})),
        checkpoints=checkpoints,
        on_epoch=on_epoch,
        progress=sys.stderr.isatty() and _log.isEnabledFor(logging.INFO),
    )
    model = FittedModel(
        network=network,
        codebook=data.codebook,
        facts=data.facts,
        clock=clock,
        target=config.waits.target,
        max_events=config.datasets.max_events,
    )
    return Fitted(model, best)


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
    fit_itself = f"{__version__} {config.model_dump_json(exclude=_NOT_OF_THE_FIT)}"
    text = f"{fit_itself} {cutoff.isoformat()} {digest}"
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
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
