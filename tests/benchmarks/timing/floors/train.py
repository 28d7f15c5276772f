"""The least that an epoch could cost: the same network and loss over batches that are there.

    python -m tests.benchmarks.timing.floors.train CONFIG EPOCHS KIND HIDDEN

The batches of one epoch, of customers of about the same length and with landmarks drawn, are made
once and lie in memory; then forward, backward, clip and a step, and nothing else: no drawing anew,
no validation, no metrics, no checkpoints, no schedule, no checks. Reading is not timed.
"""

from __future__ import annotations

import json
import math
import sys
import time

import torch

from seqchurn.config import load_config
from seqchurn.datasets.data_module import LandmarkBatch
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.likelihood import landmark_nll
from tests.benchmarks.timing.fits import batches_of, data_of, network_of

LEARNING_RATE, CLIP = 2e-3, 1.0


def run(network: WaitModel, batches: list[LandmarkBatch], *, epochs: int, step_days: float) -> None:
    """Train."""
    weights = list(network.parameters())
    optimizer = torch.optim.AdamW(weights, lr=LEARNING_RATE, fused=True)
    for batch in batches * epochs:
        asked, real = batch.questions, batch.landmarks.real
        waits = network(batch.events, batch.landmarks)
        answers = (asked.days, asked.survived_days, asked.observed, real)
        loss = landmark_nll(waits, *answers, step_days=step_days) + network.activity.penalty()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()


def main(file: str, epochs: int, kind: str, hidden: int) -> None:
    """Tell seconds, real events and slots, and steps."""
    config = load_config(file, {"encoder.kind": kind, "encoder.hidden_size": hidden})
    torch.set_num_threads(config.threads)
    data = data_of(config)
    network, batches = network_of(config, data), batches_of(config, data)
    started = time.perf_counter()
    run(network, batches, epochs=epochs, step_days=data.facts.step_days)
    seconds = time.perf_counter() - started
    events = sum(int(batch.events.real.sum()) for batch in batches)
    slots = sum(math.prod(batch.events.real.shape) for batch in batches)
    print(json.dumps({"seconds": seconds, "events": events, "slots": slots, "steps": len(batches)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
