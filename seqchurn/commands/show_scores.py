"""A model and the ids of some customers -> their scores as text; nothing is published."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from polars.selectors import datetime as datetimes

from seqchurn.commands.parts import score_options, sequences_store
from seqchurn.config import Config
from seqchurn.console import table
from seqchurn.errors import DataError
from seqchurn.prediction import score_rows
from seqchurn.schema import CUSTOMER_ID
from seqchurn.tracking import Bundle, RegisteredModel

__all__ = ["scores_as_text"]


def scores_as_text(
    config: Config,
    bundle: Bundle,
    registered: RegisteredModel,
    moment: datetime,
    customer_ids: list[str],
) -> str:
    """Scores of some customers, transposed: one column each; times are local.

    Raises:
        DataError: If one of them is not known before the moment.
    """
    wanted = pl.col(CUSTOMER_ID).is_in(customer_ids)
    sequences = sequences_store(config).scan().filter(wanted).collect()
    scores = score_rows(
        bundle.model,
        sequences,
        moment,
        options=score_options(config),
        version=registered.facts,
    ).drop("churn_percentile")
    unknown = sorted(set(customer_ids) - set(scores[CUSTOMER_ID]))
    if unknown:
        raise DataError(
            f"no event of customer {', '.join(unknown)} lies before {moment.isoformat()}. Check "
            "the id or choose a later --as_of."
        )
    zone = config.waits.timezone
    local = scores.with_columns(datetimes().dt.convert_time_zone(zone))
    columns = [column for column in local.columns if column != CUSTOMER_ID]
    rows = [[column, *map(_text, local[column])] for column in columns]
    return table(rows, [f"times in {zone}", *local[CUSTOMER_ID]])


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "-" if value is None else str(value)
