"""seqchurn monitor: published scores and what followed them -> tables, charts, maybe an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from seqchurn.commands.parts import clock_of, end_of_log, sequences_store
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.config.yaml_text import to_yaml
from seqchurn.errors import DataError
from seqchurn.plots import observed_expected_chart, reliability_chart, save_chart
from seqchurn.scoring import (
    QUANTITIES,
    Band,
    Judged,
    Monitoring,
    OrderLog,
    ScoreTable,
    check_band,
    day_text,
    judge,
    monitor,
    monitor_page,
    score_tables,
)
from seqchurn.tracking import start_run
from seqchurn.waits import Clock

__all__ = ["run"]

_DRAWN = 6
"""Model versions in a chart, the newest: more could not be told apart."""


def run(config: Config) -> None:
    """Hold all published scores against the orders that followed, as far as they have.

    Args:
        config: The whole config.

    Raises:
        AlarmError: If observed/expected of late left its band; everything is written by then.
        SeqchurnError: If the config, the data, the disk or the MLflow store do not allow it.
    """
    sequences, clock = sequences_store(config).snapshot(), clock_of(config)
    end_day = min(end_of_log(config), clock.at(datetime.now(UTC)))  # the step of now is not over
    tables = score_tables(config.store / "scores" / config.name, clock)
    passed = [table for table in tables if table.passed(clock, end_day)]
    if not passed:
        print(f"{config.name}: {_nothing_yet(tables, clock, end_day)}")
        return
    log = OrderLog.read(sequences, clock=clock, target=config.waits.target, end_day=end_day)
    band = _band(config)
    found = monitor(_judged(config, passed, log), band)
    folder = config.store / "monitoring" / config.name
    _write(folder, found, band)
    page = (
        f"{config.name}: {len(passed):,} of {len(tables):,} score tables, held against the orders "
        f"before {day_text(end_day)}\n\n{monitor_page(found, band)}"
    )
    _track(config, sequences.digest, folder, found, page)
    print(f"{page}\n\nreport  {folder}", flush=True)
    check_band(found.latest, band)


def _nothing_yet(tables: Sequence[ScoreTable], clock: Clock, end_day: float) -> str:
    first = min(end for table in tables for end in table.ends(clock).values())
    return (
        f"none of {len(tables):,} score tables can be judged yet. Orders are known before "
        f"{day_text(end_day)}, and the first horizon ends on {day_text(first)}."
    )


def _band(config: Config) -> Band:
    low, high = config.monitoring.band
    recent_days = duration_days(config.monitoring.recent)
    return Band(low, high, recent_days, config.monitoring.least_expected)


def _judged(config: Config, tables: Sequence[ScoreTable], log: OrderLog) -> list[Judged]:
    bins = config.evaluation.calibration_bins
    judged = [judge(table, log, dataset=config.name, bins=bins) for table in tables]
    found = [table for table in judged if table is not None]
    if not found:
        raise DataError(
            f"none of the customers that were scored is in the log of {config.name} any more. Run "
            "seqchurn score; those scores can be judged once a horizon has passed."
        )
    return found


def _write(folder: Path, found: Monitoring, band: Band) -> None:
    found.write(folder)
    newest = found.versions["model"].unique(maintain_order=True)[:_DRAWN].implode()
    drawn = (pl.col("cohort") == "all") & pl.col("model").is_in(newest)
    chart = observed_expected_chart(
        found.weeks.filter(drawn), quantities=QUANTITIES, band=(band.low, band.high)
    )
    save_chart(chart, folder / "observed_expected.png")
    save_chart(reliability_chart(found.curves.filter(drawn)), folder / "reliability.png")


def _track(config: Config, digest: str, folder: Path, found: Monitoring, page: str) -> None:
    tags = {"seqchurn.dataset": config.name, "seqchurn.dataset_digest": digest}
    experiment = config.tracking.experiment or config.name
    plain = config.model_dump(mode="json")
    with start_run(config.store, experiment, kind="monitor", config=plain, tags=tags) as tracked:
        tracked.log_text(to_yaml(config), "config.yaml")
        tracked.log_text(page, "monitoring.txt")
        for week, metrics in found.metrics().items():
            tracked.log_metrics(metrics, step=week)
        for file in sorted(folder.iterdir()):
            tracked.log_file(file)
