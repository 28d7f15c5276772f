"""Five logs -> is the network more accurate than every baseline, at every horizon at once?

    make bench-accuracy BENCH_ARGS='--data_dir FOLDER'

Each log is prepared once, trained with each seed and judged at the cutoff of its shipped config,
by the project's own commands. The table goes to stdout, progress to stderr, and every row of it
into a JSON file. A log whose data is not there is reported as skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from seqchurn.baselines import check_baselines
from seqchurn.config import Config
from seqchurn.errors import SeqchurnError
from seqchurn.evaluation.rows import Row
from seqchurn.files import replacing
from seqchurn.log_lines import LogLines
from tests.benchmarks.cells import cells_of, goals
from tests.benchmarks.logs import LOGS, config_of, why_missing
from tests.benchmarks.report import page, results_text

__all__ = ["main"]

RESULTS = Path(__file__).parent / "results"
SEEDS = [0, 1, 2]

_WORKER = contextlib.ExitStack()
"""What a worker process enters at its start and never leaves."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    asked = _parser().parse_args(arguments)
    started = time.perf_counter()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # models of the benchmark stay in its store
    with tempfile.TemporaryDirectory(prefix="seqchurn-accuracy-") as temporary:
        try:
            check_baselines()
            results = _run(asked, asked.store or Path(temporary))
        except SeqchurnError as error:
            print(error, file=sys.stderr)
            return error.exit_code
    path = RESULTS / ("accuracy.json" if _is_whole(asked) else "accuracy-partial.json")
    with replacing(path) as beside:
        beside.write_text(results_text(results), encoding="utf-8")
    print(page(results))
    print(f"\ntook {(time.perf_counter() - started) / 60:.1f} minutes\nresults {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    add = parser.add_argument
    add("--data_dir", type=Path, default=Path("data/raw"), help="logs outside the project")
    add("--seeds", type=int, nargs="+", default=SEEDS)
    add("--logs", nargs="+", choices=LOGS, default=list(LOGS), metavar="LOG", help=", ".join(LOGS))
    add("--store", type=Path, help="for all that is written; default: removed at the end")
    add("--jobs", type=int, default=2, help="processes of one torch thread each")
    add("--max_epochs", type=int, help="for a dry run, whose figures mean nothing")
    return parser


def _is_whole(asked: argparse.Namespace) -> bool:
    """Whether the results are those that the project shows."""
    return bool(asked.seeds == SEEDS and asked.logs == list(LOGS) and asked.max_epochs is None)


def _run(asked: argparse.Namespace, store: Path) -> dict[str, Any]:
    """Prepare, train and judge; the tables of the results."""
    reasons = {name: why_missing(name, asked.data_dir) for name in LOGS if name in asked.logs}
    configs = {
        name: config_of(name, data_dir=asked.data_dir, store=store, max_epochs=asked.max_epochs)
        for name, reason in reasons.items()
        if reason is None
    }
    judged = _judged(configs, asked.seeds, asked.jobs)
    cells = [cell for found in judged for cell in cells_of(found["scores"], found["differences"])]
    tables = {
        name: [row for found in judged for row in found[name]]
        for name in ("scores", "counts", "waits", "notes")
    }
    skipped = [{"dataset": name, "reason": reason} for name, reason in reasons.items() if reason]
    reached = goals(cells, tables["counts"], logs=LOGS)
    return {"skipped": skipped, "goals": reached, "cells": cells, **tables}


def _judged(
    configs: Mapping[str, Config], seeds: Sequence[int], jobs: int
) -> list[dict[str, list[Row]]]:
    """What became of each log, in their order."""
    from seqchurn.commands import prepare, train  # not before a worker has set up its logging
    from tests.benchmarks.judging import judge, with_seed

    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_start_worker) as pool:
        _each(pool, "prepare", prepare.run, {name: (config,) for name, config in configs.items()})
        fits = {
            f"{name}, seed {seed}": (with_seed(config, seed),)
            for name, config in configs.items()
            for seed in seeds
        }
        _each(pool, "train", train.run, fits)
        asked = {name: (config, seeds, LOGS[name].count_days) for name, config in configs.items()}
        return _each(pool, "judge", judge, asked)


def _each(
    pool: Executor, stage: str, work: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]]
) -> list[Any]:
    """Do the work of every task, say how long each took; results in the order of tasks."""
    futures = {pool.submit(_timed, work, *task): name for name, task in tasks.items()}
    try:
        for future in as_completed(futures):
            print(f"{stage:8}{futures[future]}: {future.result()[1]:.0f} s", file=sys.stderr)
    finally:
        for future in futures:
            future.cancel()  # after a failure, what has not begun
    return [future.result()[0] for future in futures]


def _start_worker() -> None:
    """Let warnings through and nothing else: Lightning and MLflow ask when they are imported."""
    _WORKER.enter_context(LogLines(log_format="text", quiet=True).to_stderr())


def _timed(work: Callable[..., Any], *task: Any) -> tuple[Any, float]:
    """The result, without what the work prints, and its seconds."""
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        result = work(*task)
    return result, time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
