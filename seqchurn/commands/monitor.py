"""seqchurn monitor: published scores and what followed them -> tables, charts, maybe an alarm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from seqchurn.commands.monitoring_report import track_monitoring, write_monitoring
from seqchurn.commands.outcomes import interventions_of
from seqchurn.commands.parts import clock_of, end_of_log, sequences_store
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.errors import DataError
from seqchurn.evaluation import HOLDOUT
from seqchurn.files import disk_failures, locked
from seqchurn.progress import work
from seqchurn.scoring import (
    Band,
    Judged,
    OrderLog,
    ScoreTable,
    band_alarm,
    check_alarms,
    day_text,
    judge,
    monitor,
    monitor_page,
    monitor_summary,
    quiet_alarm,
    score_tables,
)
from seqchurn.waits import Clock

__all__ = ["run"]


def run(config: Config) -> None:
    """Hold published scores against the orders that followed, as far as they have.

    Args:
        config: The whole config.

    Raises:
        AlarmError: If observed/expected of late left its band, or orders end long before the
            newest scores; everything is written by then.
        SeqchurnError: If the config, the data, the disk or the MLflow store do not allow it.
    """
    folder = config.store / "monitoring" / config.name
    with disk_failures(f"write {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    busy = f"another run is monitoring and writes {folder}. Wait until it has ended."
    with locked(folder, busy):
        _monitor(config, folder)


def _monitor(config: Config, folder: Path) -> None:
    sequences, clock = sequences_store(config).snapshot(), clock_of(config)
    end_day = min(end_of_log(config), clock.at(datetime.now(UTC)))  # the step of now is not over
    tables = _tables(config, clock, end_day)
    quiet = quiet_alarm(clock.at(tables[-1].as_of), end_day, config.monitoring.max_quiet)
    passed = [table for table in tables if table.passed(clock, end_day)]
    if not passed:
        print(f"{config.name}: {_nothing_yet(tables, clock, end_day)}", flush=True)
        check_alarms(quiet)
        return
    band = _band(config)
    log = OrderLog.read(
        sequences,
        clock=clock,
        target=config.waits.target,
        end_day=end_day,
        interventions=interventions_of(config),
    )
    found = monitor(_judged(config, passed, log), band)
    head = (
        f"{config.name}: {len(passed):,} of {len(tables):,} score tables, held against the orders "
        f"before {day_text(end_day)}"
    )
    files = write_monitoring(folder, found, band, page=f"{head}\n\n{monitor_page(found, band)}")
    track_monitoring(config, sequences.digest, found, files=files)
    print(f"{head}\n\n{monitor_summary(found, band)}\n\nreport  {folder}", flush=True)
    check_alarms(band_alarm(found.latest, band), quiet)


def _tables(config: Config, clock: Clock, end_day: float) -> list[ScoreTable]:
    since = config.monitoring.since
    since_day = -math.inf if since is None else end_day - duration_days(since)
    return score_tables(config.store / "scores" / config.name, clock, since_day=since_day)


def _band(config: Config) -> Band:
    low, high = config.monitoring.band
    recent_days = duration_days(config.monitoring.recent)
    return Band(low, high, recent_days, config.monitoring.least_expected)


def _nothing_yet(tables: Sequence[ScoreTable], clock: Clock, end_day: float) -> str:
    first = min(end for table in tables for end in table.ends(clock).values())
    return (
        f"none of {len(tables):,} score tables can be judged yet. Orders are known before "
        f"{day_text(end_day)}, and the first horizon ends on {day_text(first)}."
    )


def _judged(config: Config, tables: Sequence[ScoreTable], log: OrderLog) -> list[Judged]:
    bins = config.evaluation.calibration_bins
    cohorts = ("all", HOLDOUT)
    found = []
    with work("judging", len(tables), "tables") as judging:
        for table in tables:
            judged = judge(table, log, dataset=config.name, bins=bins, cohorts=cohorts)
            found += [judged] if judged is not None else []
            judging.done()
    if not found:
        raise DataError(
            f"none of the customers that were scored is in the log of {config.name} any more. Run "
            "seqchurn score; those scores can be judged once a horizon has passed."
        )
    return found
