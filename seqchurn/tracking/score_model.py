"""The plain events table as a pandas frame -> the score table: the MLflow model.

Sequences are built inside, by the code that training used. MLflow gives every parameter a
default; an empty `as_of` is refused, because a silent one would score some other day.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from seqchurn.config.units import checked_instant
from seqchurn.errors import ConfigError, DataError
from seqchurn.prediction import churn_percentile, score_rows
from seqchurn.schema import KNOWN_FROM, TIMESTAMP
from seqchurn.sequences import build_sequences
from seqchurn.tracking.bundle import Bundle, load_bundle
from seqchurn.waits.clock import Clock

__all__ = ["ScoreModel", "from_pandas", "moment_of", "score_events", "sequences_of"]


class ScoreModel(PythonModel):
    """Scores customers from their events."""

    bundle: Bundle

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle that was logged with the model."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Scores of every customer with an event before `as_of`.

        Args:
            context: Unused.
            model_input: The events table, with naive UTC `timestamp`.
            params: `as_of`, an ISO date or time.

        Returns:
            The score table, with naive UTC times and no `model_version`: a model does not know
            under which version it was registered.

        Raises:
            ConfigError: If `as_of` is missing.
            DataError: If columns are missing, or hold what cannot be read.
        """
        as_of = (params or {}).get("as_of") or ""
        scores = score_events(self.bundle, from_pandas(model_input), str(as_of))
        naive = [c for c, dtype in scores.schema.items() if isinstance(dtype, pl.Datetime)]
        return scores.with_columns(pl.col(naive).dt.replace_time_zone(None)).to_pandas()


def score_events(
    bundle: Bundle, events: pl.DataFrame, as_of: str | date, *, version: str | None = None
) -> pl.DataFrame:
    """Scores of every customer with an event before a moment.

    Args:
        bundle: The model.
        events: The events table; a naive `timestamp` is taken as UTC.
        as_of: ISO text, date or datetime; without an offset it is local to the model's zone.
        version: Version to put on the rows.

    Returns:
        The score table, with aware times.

    Raises:
        ConfigError: If `as_of` is missing, no time, or inside a step of the grid.
        DataError: If columns are missing, or hold what cannot be read.
    """
    moment = moment_of(as_of, bundle.model.clock)
    scores = score_rows(
        bundle.model,
        sequences_of(bundle, events),
        moment,
        options=bundle.scores,
        version={
            "model_name": bundle.model_name,
            "model_version": version or "",
            "run_id": bundle.run_id,
        },
    )
    everybody = np.sort(scores["p_churn"].to_numpy())
    return scores.with_columns(churn_percentile=churn_percentile(pl.col("p_churn"), everybody))


def sequences_of(bundle: Bundle, events: pl.DataFrame) -> pl.DataFrame:
    """The sequences table of an events table, with all that the model reads.

    Raises:
        DataError: If columns are missing, or hold what cannot be read.
    """
    codebook = bundle.model.codebook
    return build_sequences(
        _with_all_columns(events, bundle),
        attributes=[*codebook.numbers, *codebook.categories],
        static=[*codebook.static_numbers, *codebook.static_categories],
    )


def moment_of(as_of: str | date, clock: Clock) -> datetime:
    """The aware instant that is meant.

    Raises:
        ConfigError: If it is missing or no time.
    """
    if not as_of:
        raise ConfigError(
            "as_of is missing: name the first instant not to be seen, as in "
            "predict(events, params={'as_of': '2017-10-01'})."
        )
    try:
        text = as_of.isoformat() if isinstance(as_of, date) else as_of
        return clock.instant(checked_instant(text))
    except ValueError as error:
        raise ConfigError(f"as_of {error}.") from None


def _with_all_columns(events: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    """The events with the dtypes of the events table; attributes that are missing are null."""
    codebook = bundle.model.codebook
    numbers = [*codebook.numbers, *codebook.static_numbers]
    categories = [*codebook.categories, *codebook.static_categories]
    missing = [n for n in [*numbers, *categories] if n not in events.columns]
    times = [n for n in (TIMESTAMP, KNOWN_FROM) if n in events.columns]
    kinds = {name: pl.Float32 if name in numbers else pl.String for name in missing}
    return events.with_columns(
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items()),
        *(_read(events, n, pl.Float32) for n in numbers if n not in missing),
        *(_read(events, n, pl.String) for n in categories if n not in missing),
        *(_read(events, n, pl.Datetime) for n in times),
    )


def _read(events: pl.DataFrame, name: str, wanted: type[pl.DataType]) -> pl.Series:
    column = events[name]
    try:
        return _instants(column) if wanted is pl.Datetime else column.cast(wanted)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"column {name} of the events is {column.dtype} and cannot be read as {wanted}: "
            f"{_first_line(error)}. Correct or convert it."
        ) from None


def from_pandas(events: pd.DataFrame) -> pl.DataFrame:
    """The same table for Polars.

    Raises:
        DataError: If a column holds values of several types.
    """
    try:
        return pl.from_pandas(events)
    except (TypeError, ValueError):  # of pyarrow, which names no column
        for name in events.columns:
            _check_one_type(events, name)
        raise


def _check_one_type(events: pd.DataFrame, name: str) -> None:
    try:
        pl.from_pandas(events[[name]])
    except (TypeError, ValueError) as error:
        raise DataError(
            f"column {name} of the events cannot be read: {_first_line(error)}. Give it values of "
            "one type."
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _instants(times: pl.Series) -> pl.Series:
    if not isinstance(times.dtype, pl.Datetime):
        return times.cast(pl.Datetime("us", "UTC"))  # a frame without rows or values
    times = times.dt.cast_time_unit("us")
    if times.dtype.time_zone is None:  # type: ignore[attr-defined]
        return times.dt.replace_time_zone("UTC")
    return times.dt.convert_time_zone("UTC")
