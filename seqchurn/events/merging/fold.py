"""Line items -> one event per customer and fold key, such as the basket they belong to.

An event is complete with its latest line and is stamped with that time: what it holds was known
then, so that nothing from after a cutoff is inside an event before it.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import EventSource
from seqchurn.errors import ConfigError
from seqchurn.events.mapping import FOLD
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP

__all__ = ["check_folds", "folded"]

_FOLDS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "sum": lambda value: pl.when(value.count() > 0).then(value.sum()),
    "mean": lambda value: value.mean(),
    "min": lambda value: value.min(),
    "max": lambda value: value.max(),
    "first": lambda value: value.drop_nulls().first(),
    "last": lambda value: value.drop_nulls().last(),
    "count": lambda value: value.count().cast(pl.Float64),
    "n_unique": lambda value: value.drop_nulls().n_unique().cast(pl.Float64),
}
"""Fold of the config -> expression. Nulls are unknown and left out; all null stays null."""

_OF_CATEGORIES = ("first", "last", "min", "max")


def check_folds(config: EventsConfig) -> None:
    """Check that the folds of all sources fit the types of their attributes.

    Raises:
        ConfigError: If a category would be summed, averaged or counted.
    """
    for source in config.sources:
        if not isinstance(source, EventSource) or not source.fold_by:
            continue
        for name, attribute in source.attributes.items():
            if attribute.type == "category" and attribute.fold not in _OF_CATEGORIES:
                raise ConfigError(
                    f"[events] source {source.name}, attribute {name}: fold {attribute.fold} makes "
                    "a number of a category. Set type: number, or a fold of "
                    f"{', '.join(_OF_CATEGORIES)}."
                )


def folded(records: pl.DataFrame, source: EventSource) -> pl.DataFrame:
    """One row per customer and fold key; the time is the latest, the type that of the first.

    Args:
        records: Mapped records of one source and bucket, sorted by `in_order`: sums of floats
            and first values then do not depend on the order of the files.
        source: Its section of the config, with `fold_by`.
    """
    keys = [CUSTOMER_ID, *(FOLD + column for column in source.fold_by)]
    values = {name: _FOLDS[a.fold](pl.col(name)) for name, a in source.attributes.items()}
    known, kind = pl.col(TIMESTAMP).max(), pl.col(EVENT_TYPE).first()
    return records.group_by(keys, maintain_order=True).agg(known, kind, **values)
