"""What monitoring found, and how far orders are known -> alarms, as texts, and their error."""

from __future__ import annotations

import polars as pl

from seqchurn.config.units import duration_days
from seqchurn.errors import AlarmError
from seqchurn.evaluation.table import digits, horizon_text
from seqchurn.scoring.monitor import OUT_OF_BAND, QUANTITIES, Band
from seqchurn.scoring.score_tables import day_text

__all__ = ["band_alarm", "check_alarms", "quiet_alarm"]


def band_alarm(latest: pl.DataFrame, band: Band) -> str:
    """A line for each that left the band, and what to do; empty if none did.

    Args:
        latest: Of a `Monitoring`.
        band: That it was judged by.
    """
    left = [
        f"  {row['model']}, within {horizon_text(row['horizon_days'])}, {_whose(row['cohort'])}"
        f"{row['tables']:,} table(s) as of {row['first']} to {row['last']}: {words}, "
        f"{row[f'{what}_observed']:,} observed, {row[f'{what}_expected']:,.1f} expected, "
        f"ratio {digits(row[f'{what}_ratio'])}"
        for row in latest.iter_rows(named=True)
        for what, words in QUANTITIES.items()
        if row[f"{what}_verdict"] == OUT_OF_BAND
    ]
    if not left:
        return ""
    return (
        f"observed/expected is not inside [monitoring] band {band.low:g} to {band.high:g}:\n"
        + "\n".join(left)
        + "\nLook at the data first, with seqchurn inspect: a source that came twice looks like "
        "this, or one of several that stopped.\nIf it is whole, customers have changed: run "
        "seqchurn train and seqchurn promote."
    )


def _whose(cohort: str) -> str:
    return "" if cohort == "all" else f"cohort {cohort}, "


def quiet_alarm(newest_day: float, end_day: float, max_quiet: str | None) -> str:
    """That orders end long before the newest score table, so that it can never be judged.

    Args:
        newest_day: Moment of that table, in days since 1970-01-01.
        end_day: First day after the log.
        max_quiet: Duration that may lie between the two; None: any.

    Returns:
        Empty if they do not.
    """
    if max_quiet is None or newest_day - end_day <= duration_days(max_quiet):
        return ""
    return (
        f"orders are known before {day_text(end_day)} and no further, {newest_day - end_day:g}d "
        f"before the newest score table, as of {day_text(newest_day)}; [monitoring] max_quiet is "
        f"{max_quiet}.\nTables that are newer than the orders are not judged. Look at the data, "
        "with seqchurn inspect: the source of orders has stopped, or [waits] complete_until ends "
        "the log."
    )


def check_alarms(*alarms: str) -> None:
    """Raise what there is.

    Args:
        alarms: Texts; an empty one is none.

    Raises:
        AlarmError: If there is one.
    """
    if any(alarms):
        raise AlarmError("\n\n".join(filter(None, alarms)))
