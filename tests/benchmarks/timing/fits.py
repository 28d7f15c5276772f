"""A config with prepared tables -> what `seqchurn train` makes of them before it trains."""

from __future__ import annotations

import pytorch_lightning as pl

from seqchurn.commands.one_network import data_before
from seqchurn.commands.parts import clock_of, sequences_store, training_cutoff
from seqchurn.config import Config
from seqchurn.datasets.data_module import Asking, LandmarkBatch, LandmarkDataModule
from seqchurn.datasets.training_data import TrainingData
from seqchurn.training.fitted_model import make_model
from seqchurn.training.wait_model import WaitModel

__all__ = ["batches_of", "data_of", "network_of"]


def data_of(config: Config) -> TrainingData:
    """What lies before the cutoff."""
    return data_before(config, sequences_store(config).snapshot(), training_cutoff(config))


def network_of(config: Config, data: TrainingData) -> WaitModel:
    """A network with fresh weights."""
    pl.seed_everything(config.training.seed, verbose=False)
    return make_model(
        data.facts,
        encoder=config.encoder.model_dump(),
        head=config.head.model_dump(),
        activity=config.activity.model_dump(),
    )


def batches_of(config: Config, data: TrainingData) -> list[LandmarkBatch]:
    """The batches of the first epoch."""
    fields = {"landmarks", "landmark_density", "batch_slots"}
    asking = Asking(clock_of(config).step_days, **config.datasets.model_dump(include=fields))
    module = LandmarkDataModule(data, asking, seed=config.training.seed)
    return list(module.train_dataloader())
