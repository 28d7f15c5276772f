"""EasyTPP's IntensityFree, trained as it trains itself -> seconds and real events of its epochs.

    python -m tests.benchmarks.timing.peers.easytpp FILE EPOCHS HIDDEN THREADS

Its own model, loader, optimiser and step; the batch size is its default. Runs in an environment
of its own, where the project need not be installed.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from types import SimpleNamespace

import torch
from easy_tpp.config_factory.data_config import DataConfig, DataSpecConfig
from easy_tpp.config_factory.model_config import ModelConfig, TrainerConfig
from easy_tpp.model import BaseModel
from easy_tpp.model_wrapper import ModelWrapper
from easy_tpp.preprocess.data_loader import TPPDataLoader
from easy_tpp.utils import RunnerPhase, load_pickle

COMPONENTS = 12  # those of the project's mixture


def main(file: str, epochs: int, hidden: int, threads: int) -> None:
    """Train, and tell what it took; reading is not timed."""
    torch.set_num_threads(threads)
    types = load_pickle(file)["dim_process"]
    specs = {"num_event_types": types, "pad_token_id": types, "padding_side": "right"}
    data = DataConfig(file, file, file, "pkl", DataSpecConfig(**specs))
    trainer = TrainerConfig(max_epoch=epochs)
    model = ModelConfig(
        model_id="IntensityFree",
        hidden_size=hidden,
        num_event_types=types,
        num_event_types_pad=types + 1,
        event_pad_index=types,
        training=True,
        model_specs={"num_mix_components": COMPONENTS},
    )
    model.get = lambda name, default=None: getattr(model, name, default)  # asked of a config
    loader = TPPDataLoader(data, batch_size=trainer.batch_size, shuffle=True).train_loader()
    network = BaseModel.generate_model_from_config(model)
    wrapper = ModelWrapper(network, SimpleNamespace(model_id="IntensityFree"), model, trainer)
    events = sum(map(len, loader.dataset.time_seqs))
    started = time.perf_counter()
    for _ in range(epochs):
        for batch in loader:
            wrapper.run_batch(batch, RunnerPhase.TRAIN)
    told = {"seconds": time.perf_counter() - started, "events": events, "batches": len(loader)}
    print(json.dumps(told))


if __name__ == "__main__":
    with contextlib.redirect_stderr(sys.stdout):
        main(sys.argv[1], *map(int, sys.argv[2:]))
