"""A number of events and a seed -> a raw log in Parquet or CSV files, the same bytes each time.

    python -m tests.benchmarks.timing.synthetic FOLDER 5000000 parquet

Fifty events a customer in the mean, but half of them have twenty or fewer and a few two thousand;
twenty types of events, one of them an order, which has an amount; two years of whole seconds.
Every file holds a share of the events of every customer in random order, so that the log is
shuffled as a whole while no more than one file of it is ever in memory.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["END", "MEAN_LENGTH", "TYPES", "history_lengths", "log_folder", "write_log"]

MEAN_LENGTH, MEDIAN_LENGTH, LONGEST = 50, 20, 2_000
TYPES = ["order", "view", *(f"action_{i:02}" for i in range(18))]
START_SECONDS = 1_704_067_200
"""2024-01-01 in UTC."""
END = "2026-01-01"
"""First instant after the log."""

_SPREAD = 1.359  # of log lengths: with the cap, the mean is MEAN_LENGTH
_SPAN_SECONDS = 731 * 86_400
_ORDER_SHARE = 0.15
_FILE_EVENTS = 5_000_000


def history_lengths(events: int) -> NDArray[np.int64]:
    """Events of each customer, ascending: quantiles of a log-normal distribution with a cap."""
    customers = max(events // MEAN_LENGTH, 1)
    level = ndtri((np.arange(customers) + 0.5) / customers)
    lengths = (MEDIAN_LENGTH * np.exp(_SPREAD * level)).round().clip(1, LONGEST).astype(np.int64)
    missing = events - int(lengths.sum())
    free = np.flatnonzero((lengths > MEDIAN_LENGTH) & (lengths < LONGEST))
    lengths[free] += missing // len(free)
    lengths[free[: missing % len(free)]] += 1
    return lengths


def log_folder(folder: Path, events: int, kind: str) -> Path:
    """Where a log of a size and a kind, parquet or csv, is kept."""
    return folder / f"log-{events}-{kind}"


def write_log(folder: Path, events: int, kind: str, *, seed: int = 0) -> None:
    """Write the files of a log, one after the other; the folder is there when all are.

    Args:
        folder: Of the log.
        events: Number of events; a fiftieth of it is the number of customers.
        kind: parquet or csv.
        seed: Of every draw.
    """
    unfinished = folder.with_name(f"unfinished-{folder.name}")
    unfinished.mkdir(parents=True, exist_ok=True)
    lengths = history_lengths(events)
    draw = np.random.default_rng(seed)
    files = -(-events // _FILE_EVENTS)
    first = draw.integers(files, size=len(lengths))  # the file of the first event of each customer
    begins = draw.uniform(0, 0.75, len(lengths))  # share of the span before a customer is known
    ends = draw.uniform(begins + 0.25 * (1 - begins), 1.0)
    order = draw.permutation(len(lengths))  # names tell nothing of the length
    for file in range(files):
        there = (lengths - 1 - (file - first) % files) // files + 1  # (customers,)
        drawn = _events(there, order, begins, ends, np.random.default_rng([seed, file]))
        path = unfinished / f"{file:03}.{kind}"
        if kind == "csv":
            drawn.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        else:
            drawn.write_parquet(path)
    unfinished.rename(folder)


def _events(
    counts: NDArray[np.int64],
    names: NDArray[np.int64],
    begins: NDArray[np.float64],
    ends: NDArray[np.float64],
    draw: np.random.Generator,
) -> pl.DataFrame:
    """So many events of each customer, shuffled."""
    who = draw.permutation(np.repeat(np.arange(len(counts), dtype=np.int32), counts))  # (N,)
    share = begins[who] + draw.random(len(who)) * (ends - begins)[who]
    seconds = START_SECONDS + (share * _SPAN_SECONDS).astype(np.int64)
    other = draw.zipf(1.5, len(who)) % (len(TYPES) - 1) + 1
    what = np.where(draw.random(len(who)) < _ORDER_SHARE, 0, other).astype(np.int32)
    amount = draw.lognormal(3.0, 1.0, len(who)).round(2)
    columns = {"customer": names[who], "at": seconds, "what": what, "amount": amount}
    return pl.DataFrame(columns).select(
        "customer",
        pl.from_epoch("at", time_unit="s").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
        pl.col("what").replace_strict(dict(enumerate(TYPES)), return_dtype=pl.String),
        pl.when(pl.col("what") == 0).then("amount").alias("amount"),
    )


if __name__ == "__main__":
    root, size, form = sys.argv[1:]
    write_log(log_folder(Path(root), int(size), form), int(size), form)
