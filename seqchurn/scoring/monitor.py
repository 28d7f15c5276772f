"""Judged score tables -> observed against expected by week, by model version, and of late.

Tables of one week are added up: an order counts in every table whose window holds it. Nightly
tables ask nearly the same of the same customers, and many tell hardly more than one: intervals are
as wide as if they told nothing more (spreads are added up, not their squares). AUC, log-loss and
ECE are means over the tables, weighted by customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.evaluation import write_rows
from seqchurn.metrics import NORMAL_95
from seqchurn.scoring.judging import Judged

__all__ = ["IN_BAND", "OUT_OF_BAND", "QUANTITIES", "TOO_FEW", "Band", "Monitoring", "monitor"]

IN_BAND, OUT_OF_BAND, TOO_FEW = "in band", "out of band", "too few"

QUANTITIES = {"customers": "customers who order", "orders": "order days"}
"""What is expected and observed, to its words."""

_GROUP = ["dataset", "cohort", "model", "horizon_days"]
_SCORES = ["auc", "log_loss", "ece"]
_CURVE = ["predicted", "observed", "lower", "upper"]


@dataclass(frozen=True)
class Band:
    """What of late is judged, and what is no alarm.

    Args:
        low: Lowest observed/expected.
        high: Highest observed/expected.
        recent_days: Tables that are so much older than the newest are not of late.
        least_expected: Fewer in a table, both expected and observed, in the mean, are too few to
            judge.
    """

    low: float
    high: float
    recent_days: float
    least_expected: float


@dataclass(frozen=True)
class Monitoring:
    """Observed against expected, per cohort, model version and horizon.

    Every row tells `first` and `last` moment and number of its `tables`, the customers in them
    (`n`; `scored`, with those who are no longer in the log), then of `customers` and `orders`
    `_expected`, `_observed`, `_ratio` (observed/expected: above one more came than expected) with
    its 95 % interval `_low` to `_high`, and `auc` (higher is better), `log_loss` and `ece` (lower).

    Args:
        weeks: Per `week` of the tables, its Monday.
        versions: Over all tables; the newest version first.
        latest: Per cohort and horizon, of the version of the newest table: its tables of late.
            `_verdict` is IN_BAND, OUT_OF_BAND or TOO_FEW.
        curves: Per `bin` of the predicted probability `n`, `predicted`, `observed` and the band
            `lower` to `upper`, that of one table in the mean; the newest version first.
    """

    weeks: pl.DataFrame
    versions: pl.DataFrame
    latest: pl.DataFrame
    curves: pl.DataFrame

    def write(self, folder: Path) -> list[Path]:
        """Write the rows, each table to a file of its own; which files these are.

        Raises:
            EnvironmentFailure: If the disk refuses.
        """
        files = {
            folder / "monitoring.json": self.weeks,
            folder / "versions.json": self.versions,
            folder / "latest.json": self.latest,
            folder / "calibration.json": self.curves.drop("kind"),
        }
        for file, rows in files.items():
            write_rows(file, rows.to_dicts())
        return list(files)

    def metrics(self) -> dict[int, dict[str, float]]:
        """Numbers by week since 1970, named `shop_version_1/auc_7d`, `.../holdout/auc_7d`."""
        names = [*(f"{what}_ratio" for what in QUANTITIES), *_SCORES]
        number = pl.col("week").str.to_date().dt.epoch("d") // 7
        found: dict[int, dict[str, float]] = {}
        for row in self.weeks.with_columns(step=number).iter_rows(named=True):
            model, within = row["model"].replace(" ", "_"), f"{row['horizon_days']:g}d"
            place = model if row["cohort"] == "all" else f"{model}/{row['cohort']}"
            values = {f"{place}/{n}_{within}": row[n] for n in names if row[n] is not None}
            found.setdefault(row["step"], {}).update(values)
        return found


def monitor(judged: Sequence[Judged], band: Band) -> Monitoring:
    """Add up what was found of each score table.

    Args:
        judged: Of at least one table.
        band: What of late is judged.
    """
    rows: list[dict[str, Any]] = [row for table in judged for row in table.rows]
    tables = pl.DataFrame(rows, infer_schema_length=None)
    rising = tables.sort("horizon_days", "day", maintain_order=True)
    falling = tables.sort("horizon_days", -pl.col("day"), maintain_order=True)
    version, newest = (pl.col(c).first().over("cohort", "horizon_days") for c in ("model", "day"))
    of_late = (pl.col("model") == version) & (pl.col("day") > newest - band.recent_days)
    return Monitoring(
        weeks=_added_up(rising, [*_GROUP, "week"]),
        versions=_added_up(falling, _GROUP),
        latest=_added_up(falling.filter(of_late), _GROUP).with_columns(_verdicts(band)),
        curves=_mean_curves([table.curves for table in reversed(judged)]),
    )


def _added_up(tables: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One row for all tables that agree in `by`, in the order of the first of each."""
    sums = [f"{what}_{part}" for what in QUANTITIES for part in ("expected", "observed", "spread")]
    moments = [pl.col("as_of").min().alias("first"), pl.col("as_of").max().alias("last")]
    counts = [pl.len().alias("tables"), *(pl.col(c).sum() for c in ("n", "scored", *sums))]
    scores = [_mean(score) for score in _SCORES]
    added = tables.group_by(by, maintain_order=True).agg(*moments, *counts, *scores)
    ratios = [column for what in QUANTITIES for column in _ratio(what)]
    columns = [
        f"{what}_{part}"
        for what in QUANTITIES
        for part in ("expected", "observed", "ratio", "low", "high")
    ]
    start = [*by, "first", "last", "tables", "n", "scored"]
    return added.with_columns(ratios).select(*start, *columns, *_SCORES)


def _mean(score: str) -> pl.Expr:
    """Over the tables that have the score, weighted by their customers; null where none has."""
    value, weight = pl.col(score).cast(pl.Float64), pl.col("n")
    total = weight.filter(value.is_not_null()).sum()
    return pl.when(total > 0).then((value * weight).sum() / total).alias(score)


def _ratio(what: str) -> Iterator[pl.Expr]:
    """Observed over expected, and its interval; null where none is expected."""
    expected = pl.col(f"{what}_expected")
    expected = pl.when(expected > 0).then(expected)
    ratio = pl.col(f"{what}_observed") / expected
    half = NORMAL_95 * pl.col(f"{what}_spread") / expected
    yield ratio.alias(f"{what}_ratio")
    yield (ratio - half).clip(lower_bound=0.0).alias(f"{what}_low")
    yield (ratio + half).alias(f"{what}_high")


def _verdicts(band: Band) -> Iterator[pl.Expr]:
    for what in QUANTITIES:
        more = pl.max_horizontal(f"{what}_expected", f"{what}_observed")
        few = more / pl.col("tables") < band.least_expected
        inside = pl.col(f"{what}_ratio").is_between(band.low, band.high)
        verdict = pl.when(few).then(pl.lit(TOO_FEW)).when(inside).then(pl.lit(IN_BAND))
        yield verdict.otherwise(pl.lit(OUT_OF_BAND)).alias(f"{what}_verdict")


def _mean_curves(curves: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The curves of the tables of a version, bin by bin, weighted by customers."""
    weight = pl.col("n") / pl.col("n").sum()
    by = ["kind", "cohort", "horizon_days", "model", "bin"]
    mean = (
        pl.concat(curves)
        .group_by(by, maintain_order=True)
        .agg(pl.col("n").sum(), *((pl.col(c) * weight).sum() for c in _CURVE))
    )
    return mean.sort("horizon_days", "bin", maintain_order=True)
