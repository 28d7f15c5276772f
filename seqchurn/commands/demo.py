"""seqchurn demo: the whole way once, on the data of the given config."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import polars as pl
import torch

import seqchurn
from seqchurn.commands import prepare, promote, report, score, train
from seqchurn.commands.parts import clock_of, end_of_log, scores_store
from seqchurn.config import Config
from seqchurn.console import table
from seqchurn.schema import CUSTOMER_ID
from seqchurn.tracking import store_place

__all__ = ["run"]

_log = logging.getLogger(__name__)
_EXAMPLES = 5

Done = TypeVar("Done")


def run(config: Config, *, config_file: str) -> None:
    """Prepare, train, evaluate and report, promote and score, then show what came out.

    Args:
        config: The whole config.
        config_file: Where it was read from, for the command to try next.

    Raises:
        SeqchurnError: If one of the steps fails.
    """
    clock = clock_of(config)
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"
    print(f"seqchurn {seqchurn.__version__}, torch {torch.__version__} ({build})")
    _step("prepare", lambda: prepare.run(config))
    _step("train", lambda: train.run(config))
    page = _step("report", lambda: report.run(config))
    _step("promote", lambda: promote.run(config))
    as_of = clock.moment(end_of_log(config))
    text = as_of.isoformat()
    _step("score", lambda: score.run(config, as_of=text))
    example = _show_examples(config, as_of)
    name = config.tracking.model or config.name
    print(f"\nscores    {scores_store(config, as_of).folder}")
    print(f"report    {page}")
    print(f"MLflow    mlflow ui --backend-store-uri {store_place(config.store)}")
    print(f"model     models:/{name}@champion")
    print("\nnext, one of these customers:")
    print(f"  {sys.argv[0]} score --config {config_file} --as_of {text} --customer_id {example}")


def _step(verb: str, work: Callable[[], Done]) -> Done:
    print(f"\n== {verb} ==", flush=True)
    started = time.monotonic()
    done = work()
    print(f"({verb}: {time.monotonic() - started:.0f} s)", flush=True)
    return done


def _show_examples(config: Config, as_of: datetime) -> str:
    """Print five customers, least likely to churn first; returns the id of the middle one."""
    scores = scores_store(config, as_of).scan().sort("churn_percentile", CUSTOMER_ID).collect()
    last = scores.height - 1
    picked = scores[sorted({round(i * last / (_EXAMPLES - 1)) for i in range(_EXAMPLES)})]
    probabilities = [f"p_order_{h}" for h in config.evaluation.horizons]

    def date(column: str) -> pl.Expr:
        local = pl.col(column).dt.convert_time_zone(config.waits.timezone)
        return local.dt.strftime("%Y-%m-%d")

    shown = picked.select(
        CUSTOMER_ID,
        date("last_target_at").fill_null("never").alias("last order"),
        *(date(f"next_order_{p}").fill_null("beyond").alias(p) for p in ("p10", "p50", "p90")),
        *(pl.col(p).round(3) for p in probabilities),
        pl.col("churn_percentile").round(1).alias("churn pct"),
    )
    print(f"\nfive customers as of {as_of:%Y-%m-%d}: dates by which the next order has come with")
    print("10, 50, 90 %, the probability of an order within, the percentile of churn risk")
    print(table(shown.rows(), shown.columns))
    return str(shown[CUSTOMER_ID][len(shown) // 2])
