"""seqchurn explain: a customer and two moments -> why the risk of churn has changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import torch

from seqchurn.commands.parts import clock_of, fitting_model, scores_store, sequences_store
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.console import table
from seqchurn.errors import ConfigError, DataError
from seqchurn.plots import save_chart, survival_chart
from seqchurn.prediction import Explanation, Moment, explain_change, survival_curve
from seqchurn.schema import CUSTOMER_ID
from seqchurn.tracking import CHAMPION

__all__ = ["run"]

_EVENTS_SHOWN, _VISIBLE = 15, 0.00005  # the most, and the least that four digits show


def run(
    config: Config,
    *,
    customer_ids: list[str],
    start: str | None = None,
    end: str | None = None,
    chart: str | None = None,
) -> None:
    """Split the change of a customer's p_churn into time, events and model.

    Args:
        config: The whole config.
        customer_ids: The one customer.
        start: First moment.
        end: Second moment, later.
        chart: Picture of the survival curves to write, a PNG or SVG file.

    Raises:
        SeqchurnError: If the config, the data or a model do not allow it.
    """
    torch.set_num_threads(config.threads)
    first, second = _moments(config, start, end)
    _check_chart(chart)
    sequences = _sequences_of(config, customer_ids)
    uris, moments = zip(*(_scored(config, moment) for moment in (first, second)), strict=True)
    churn_days = duration_days(config.scoring.churn_horizon)
    explanation = explain_change(sequences, *moments, horizon_days=churn_days)
    print(f"p_churn of customer {customer_ids[0]}, no order within {churn_days:g} days")
    risks = (explanation.before, explanation.after)
    for moment, uri, risk in zip(moments, uris, risks, strict=True):
        print(f"  {_day(moment.as_of)}  {risk:.4f}  by {uri}")
    print(_as_text(explanation))
    if chart:
        curves = {
            f"as of {_day(moment.as_of)}": survival_curve(sequences, moment, days=churn_days)
            for moment in moments
        }
        save_chart(survival_chart(curves), Path(chart))
        print(f"chart  {chart}")


def _moments(config: Config, start: str | None, end: str | None) -> tuple[datetime, datetime]:
    clock = clock_of(config)
    if start is None or end is None:
        raise ConfigError("needs two moments to compare; give --from and --to.")
    first, second = clock.instant(start), clock.instant(end)
    if first >= second:
        raise ConfigError(f"--from {start} is not before --to {end}. Give a later --to.")
    return first, second


def _check_chart(chart: str | None) -> None:
    if chart and Path(chart).suffix not in (".png", ".svg"):
        raise ConfigError(
            f"--chart {chart} is no picture that can be written; expected .png or .svg."
        )


def _sequences_of(config: Config, customer_ids: list[str]) -> pl.DataFrame:
    if len(customer_ids) != 1:
        raise ConfigError(
            f"explains one customer, and {len(customer_ids)} are given; give one --customer_id."
        )
    wanted = pl.col(CUSTOMER_ID) == customer_ids[0]
    sequences = sequences_store(config).scan().filter(wanted).collect()
    if not sequences.height:
        raise DataError(f"no customer {customer_ids[0]} is in the sequences. Check the id.")
    return sequences


def _scored(config: Config, moment: datetime) -> tuple[str, Moment]:
    """The model that the published table of a moment is by; without such a table the champion."""
    scores = scores_store(config, moment)
    version = scores.manifest()["model_version"] if scores.exists() else CHAMPION
    registered, bundle = fitting_model(config, version)
    return registered.uri, Moment(moment, bundle.model)


def _as_text(explanation: Explanation) -> str:
    """The parts of the change, the events that moved it most in the order of time."""
    parts = explanation.parts.with_columns(size=pl.col("change").abs())
    events = parts.filter(pl.col("reason") == "event")
    visible = events.filter(pl.col("size") >= _VISIBLE)
    largest = visible.top_k(_EVENTS_SHOWN, by="size").sort("timestamp")
    others = events.height - largest.height
    rows = [
        [f"{_minute(at)} {event_type}" if event_type else reason, f"{change:+.4f}"]
        for reason, change, at, event_type in pl.concat(
            [parts.head(1), largest, parts.filter(pl.col("reason") != "event").slice(1)]
        )
        .select("reason", "change", "timestamp", "event_type")
        .iter_rows()
    ]
    if others:
        rest = sum(events["change"]) - sum(largest["change"])
        rows.insert(1 + largest.height, [f"{others} other events", f"{rest:+.4f}"])
    rows.append(["all of it", f"{explanation.after - explanation.before:+.4f}"])
    return table(rows, ["what has changed", "p_churn"])


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if not (moment.hour or moment.minute) else _minute(moment)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
