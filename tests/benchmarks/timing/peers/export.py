"""A prepared log -> the histories that training reads, as peers take them.

    python -m tests.benchmarks.timing.peers.export CONFIG EASYTPP_FILE LIFESTREAM_FILE

The same customers and the same events, all of them, as the project's own fit reads.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import polars as pl
import torch

from seqchurn.config import load_config
from seqchurn.datasets.codebook import FIRST_CODE
from tests.benchmarks.timing.fits import data_of


def main(config: str, easytpp: Path, lifestream: Path) -> None:
    """Write a pickle of lists of events, and a Parquet file of columns of lists."""
    data = data_of(load_config(config))
    jagged = data.jagged
    customers = torch.cat([data.training, data.validation]).tolist()
    bounds = jagged.offsets.tolist()
    time, kind = jagged.time.numpy(), jagged.event_type.numpy() - FIRST_CODE
    spans = [slice(bounds[customer], bounds[customer + 1]) for customer in customers]
    types = max(int(kind.max()) + 1, 1)
    plain = {"dim_process": types, "train": [_events(time[s], kind[s]) for s in spans]}
    easytpp.write_bytes(pickle.dumps(plain))
    pl.DataFrame(
        {
            "client": customers,
            "event_time": [time[s] for s in spans],
            "event_type": [kind[s] + 1 for s in spans],  # 0 is padding
        }
    ).write_parquet(lifestream)


def _events(time: np.ndarray, kind: np.ndarray) -> list[dict[str, float]]:
    names = ("time_since_start", "time_since_last_event", "type_event")
    since = np.diff(time, prepend=time[:1])
    columns = ((time - time[0]).tolist(), since.tolist(), kind.tolist())
    return [dict(zip(names, event, strict=True)) for event in zip(*columns, strict=True)]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
