"""The least that `score` could cost: sequences -> probabilities and dates, in one script.

    python -m tests.benchmarks.timing.floors.score SEQUENCES BUNDLE OUT AS_OF

Reads every file, makes tensors and length buckets of it, runs the networks of the bundle over whole
histories, and writes the probabilities at the horizons and three dates, in a process for each core.
It expects no orders, ranks nobody, does not look for the model, and publishes without checks, locks
and manifests.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import torch

from seqchurn.datasets.batch import length_batches, pad
from seqchurn.datasets.jagged import make_jagged
from seqchurn.datasets.landmarks import place
from seqchurn.prediction import ScoreOptions
from seqchurn.prediction.running_waits import RunningWaits
from seqchurn.processes import cores
from seqchurn.training.fitted_model import FittedModel
from tests.benchmarks.timing.bundles import read_bundle

LEVELS, BATCH_SLOTS = [0.1, 0.5, 0.9], 16_384


@torch.inference_mode()
def scores(
    model: FittedModel, sequences: pl.DataFrame, as_of: datetime, options: ScoreOptions
) -> pl.DataFrame:
    """Customers, `p_order_...` by horizon, `p_churn` and grid days of the next order."""
    clock, day = model.clock, model.clock.at(as_of)
    known = {"codebook": model.codebook, "target": model.target, "max_events": model.max_events}
    jagged = make_jagged(sequences, clock=clock, cutoff=as_of, **known)
    horizons = np.array([*options.horizons.values(), options.churn_days])
    probability = np.empty((len(jagged), len(horizons)))
    days = np.empty((len(jagged), len(LEVELS)))
    for rows in length_batches(jagged.lengths, batch_slots=BATCH_SLOTS):
        events = pad(jagged, rows)
        asked = torch.full((len(rows), 1), day, dtype=torch.float64)
        real = torch.ones_like(asked, dtype=torch.bool)
        grid = {"grid": events.grid, "wait_start": events.wait_start}
        at = place(asked, real, step_days=clock.step_days, **grid)
        start = at.wait_start[:, 0]
        waits = [n.waits(n.encoder(events, at)[:, 0], start) for n in model.networks]
        ids = jagged.customer_ids.gather(rows.tolist())
        running = RunningWaits.of(ids, waits, start, day, clock.step_days)
        probability[rows.numpy()] = running.probability(horizons)
        days[rows.numpy()] = running.order_day(LEVELS)
    days[days - day > options.reach_days] = np.nan
    columns = {f"p_order_{h}": probability[:, i] for i, h in enumerate(options.horizons)}
    dates = {f"next_order_p{100 * level:.0f}": days[:, i] for i, level in enumerate(LEVELS)}
    return pl.DataFrame(
        {"customer_id": jagged.customer_ids, **columns, "p_churn": 1 - probability[:, -1], **dates}
    ).with_columns(clock.moments(pl.col(c).fill_nan(None)).alias(c) for c in dates)


def score(files: list[Path], folder: Path, out: Path, as_of: str) -> None:
    """Score the customers of some files."""
    torch.set_num_threads(1)
    model, options = read_bundle(folder)
    moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    for file in files:
        table = scores(model, pl.read_parquet(file), moment, options)
        table.write_parquet(out / file.name)


def main(sequences: Path, folder: Path, out: Path, as_of: str) -> None:
    """Tell the seconds from the first file read to the last one written."""
    out.mkdir(parents=True)
    files = sorted(sequences.glob("*.parquet"))
    started = time.perf_counter()
    shares = [(files[n :: cores()], folder, out, as_of) for n in range(cores())]
    others = [get_context("spawn").Process(target=score, args=share) for share in shares[1:]]
    for other in others:
        other.start()
    score(*shares[0])
    for other in others:
        other.join()
        if other.exitcode:
            sys.exit(f"a process ended with {other.exitcode}")
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
