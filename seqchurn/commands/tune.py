"""seqchurn tune: settings tried at cutoffs before that of training -> the best, as YAML."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from seqchurn.commands.fitting import fit_name
from seqchurn.commands.one_trial import OutOfTime, Trying, try_next
from seqchurn.commands.parts import sequences_store
from seqchurn.commands.validation import Validation
from seqchurn.config import Config
from seqchurn.config.space import Setting, nested, settings, with_values
from seqchurn.config.yaml_text import to_yaml, yaml_of
from seqchurn.console import preformatted
from seqchurn.files import locked, replacing
from seqchurn.tracking import Run, connect, start_run
from seqchurn.training.accelerators import check_accelerator
from seqchurn.tuning import Search, Trial, best_of, configured_of, import_optuna, tuning_page

__all__ = ["Tuning", "run", "tune"]

_BEST = "best.yaml"
_TRIALS = 20
_NETWORKS = "training.networks"


@dataclass(frozen=True)
class Tuning:
    """What a study has found so far, and where it lies."""

    trials: list[Trial]
    best: Trial | None
    """With the lowest loss of those that went through all cutoffs."""
    folder: Path
    text: str
    """The table that is printed."""

    def __str__(self) -> str:
        """The page that `seqchurn tune` prints."""
        if self.best is None:
            return self.text
        return (
            f"{self.text}\n\nbest    {self.folder / _BEST}, to be taken over into the config;"
            "\n        the lowest loss of many flatters: train it and see what evaluate says"
        )

    def _repr_html_(self) -> str:
        return preformatted(str(self))


def run(config: Config, *, minutes: float | None = None, trials: int | None = None) -> None:
    """Try settings at cutoffs of the past, and print what was found.

    Args:
        config: The whole config.
        minutes: Time after which no more is tried.
        trials: Trials that end the study, those of earlier runs included.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
    """
    print(tune(config, minutes=minutes, trials=trials))


def tune(config: Config, *, minutes: float | None = None, trials: int | None = None) -> Tuning:
    """Try settings at cutoffs of the past; the study of the same config and data goes on.

    Args:
        config: The whole config.
        minutes: Time after which no more is tried.
        trials: Trials that end the study, those of earlier runs included.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
    """
    deadline = math.inf if minutes is None else time.monotonic() + 60.0 * minutes
    at_most = trials or (_TRIALS if minutes is None else math.inf)
    import_optuna()
    torch.set_num_threads(config.threads)
    check_accelerator(config.training.accelerator, config.training.devices)
    if _NETWORKS not in config.tune.space:  # what is better of one is better of several
        config = with_values(config, {_NETWORKS: 1})
    wanted = settings(config)
    sequences = sequences_store(config).snapshot()
    validation = Validation(config, sequences)
    connect(config.store, make=True)
    with _alone(config) as folder:
        study = _study_name(config, validation, sequences.digest, wanted)
        search = Search(
            *(folder / "study.db", study, wanted),
            startup=config.tune.startup,
            seed=config.tune.seed,
        )
        if _ended(search) < at_most:
            with _tracked(config, sequences.digest, study) as tracked:
                tracked.log_text(to_yaml(config), "config.yaml")
                trying = Trying(
                    config, search, study, validation, sequences.digest, tracked, deadline
                )
                with suppress(OutOfTime):
                    while _ended(search) < at_most:
                        try_next(trying)
                        _keep_best(folder, study, search)
                _record(tracked, _found(config, folder, study, search, validation), wanted)
        return _found(config, folder, study, search, validation)


def _study_name(
    config: Config, validation: Validation, digest: str, wanted: Sequence[Setting]
) -> str:
    """Short name of what the losses and the values that are tried depend on."""
    cutoffs = [cutoff.isoformat() for cutoff in validation.cutoffs]
    text = f"{fit_name(config, validation.end, digest)} {cutoffs} {wanted}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _ended(search: Search) -> int:
    return sum(trial.ended for trial in search.trials())


@contextmanager
def _alone(config: Config) -> Iterator[Path]:
    """The folder of the studies of a config, for this run alone.

    Raises:
        LockedError: If another run has it.
    """
    folder = config.store / "tuning" / config.name
    folder.mkdir(parents=True, exist_ok=True)
    busy = f"another run tunes {config.name} in {folder}. Wait until it has ended."
    with locked(folder / ".lock", busy):
        yield folder


def _tracked(config: Config, digest: str, study: str) -> AbstractContextManager[Run]:
    dataset = {"seqchurn.dataset": config.name, "seqchurn.dataset_digest": digest}
    return start_run(
        config.store,
        config.tracking.experiment or config.name,
        kind="tune",
        config=config.model_dump(mode="json"),
        tags={**dataset, "seqchurn.study": study},
    )


def _keep_best(folder: Path, study: str, search: Search) -> None:
    """Write the values of the best trial, as they would stand in a config."""
    best = best_of(search.trials())
    if best is not None:
        said = f"# trial {best.number} of study {study}: loss {best.losses[-1]:.4f}\n"
        with replacing(folder / _BEST) as beside:
            beside.write_text(said + yaml_of(nested(best.values)), encoding="utf-8")


def _found(
    config: Config, folder: Path, study: str, search: Search, validation: Validation
) -> Tuning:
    trials = search.trials()
    dates = ", ".join(f"{cutoff:%Y-%m-%d}" for cutoff in validation.cutoffs)
    page = tuning_page(trials, {s.name: s.configured for s in settings(config)})
    text = (
        f"{config.name}, study {study}: {page}\n\n"
        f"cutoffs {dates}; what followed each was read up to {validation.end:%Y-%m-%d},\n"
        "the training cutoff"
    )
    return Tuning(trials, best_of(trials), folder, text)


def _record(tracked: Run, tuning: Tuning, wanted: Sequence[Setting]) -> None:
    tracked.log_text(tuning.text, "tune.txt")
    if tuning.best is not None:
        tracked.log_file(tuning.folder / _BEST)
        own = configured_of(tuning.trials, {s.name: s.configured for s in wanted})
        losses = {"best_loss": tuning.best.loss, "configured_loss": own.loss if own else None}
        tracked.log_metrics({name: loss for name, loss in losses.items() if loss is not None})
