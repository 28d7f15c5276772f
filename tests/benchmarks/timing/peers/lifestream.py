"""pytorch-lifestream's next-event pretraining with a GRU -> seconds and real events of its epochs.

    python -m tests.benchmarks.timing.peers.lifestream FILE EPOCHS HIDDEN THREADS

Its own modules, data module and Lightning fit, with the batch size of its examples. Runs in an
environment of its own, where the project need not be installed.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
import warnings

import pyarrow.parquet as pq
import pytorch_lightning as pl
import torch
from ptls.frames import PtlsDataModule
from ptls.frames.gpt import GptDataset, GptPretrainModule
from ptls.nn import RnnEncoder, TrxEncoder

BATCH, EMBEDDING, MOST_EVENTS = 64, 8, 1_000


def main(file: str, epochs: int, hidden: int, threads: int) -> None:
    """Train, and tell what it took; reading is not timed."""
    torch.set_num_threads(threads)
    histories = [
        {name: torch.tensor(history[name]) for name in ("event_time", "event_type")}
        for history in pq.read_table(file).to_pylist()
    ]
    types = max(int(history["event_type"].max()) for history in histories) + 1
    events = TrxEncoder(
        embeddings={"event_type": {"in": types, "out": EMBEDDING}},
        numeric_values={"event_time": "identity"},
        use_batch_norm_with_lens=False,
    )
    network = RnnEncoder(events.output_size, hidden, "gru", is_reduce_sequence=False)
    batches = PtlsDataModule(
        train_data=GptDataset(histories, min_len=1, max_len=MOST_EVENTS),
        train_batch_size=BATCH,
        train_num_workers=0,
    )
    module = GptPretrainModule(events, network, seed_seq_len=0, total_steps=1_000_000)
    with tempfile.TemporaryDirectory() as scratch:
        off = dict.fromkeys(("logger", "enable_progress_bar", "enable_checkpointing"), False)
        trainer = pl.Trainer(max_epochs=epochs, accelerator="cpu", default_root_dir=scratch, **off)
        started = time.perf_counter()
        trainer.fit(module, batches)
        seconds = time.perf_counter() - started
    real = sum(len(history["event_type"]) for history in histories)
    print(json.dumps({"seconds": seconds, "events": real}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    main(sys.argv[1], *map(int, sys.argv[2:]))
