"""What strings and numbers of the sequences mean to the model.

Strings get codes, numbers get a scale; both are fitted on training customers before the cutoff
and travel with the model. Code 0 is a missing value, code 1 a value never seen in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from seqchurn.schema import EVENT_TYPE

__all__ = ["MISSING", "UNKNOWN", "Attributes", "Codebook", "Scale", "code_count", "codes"]

MISSING, UNKNOWN, FIRST_CODE = 0, 1, 2


@dataclass(frozen=True)
class Attributes:
    """Names of the attributes that a model reads."""

    numbers: Sequence[str] = ()
    """Numeric attributes of events."""
    categories: Sequence[str] = ()
    """Categorical attributes of events."""
    static_numbers: Sequence[str] = ()
    """Numeric attributes of customers."""
    static_categories: Sequence[str] = ()
    """Categorical attributes of customers."""


@dataclass(frozen=True)
class Scale:
    """Maps a heavy-tailed number to about unit size: (asinh(x / unit) - center) / spread."""

    unit: float
    center: float
    spread: float

    @classmethod
    def fit(cls, values: pl.Series) -> Scale:
        """The scale of finite values; with none of them, asinh alone."""
        values = values.drop_nulls().cast(pl.Float64)
        values = values.filter(values.is_finite()).rechunk()  # a sum depends on the chunks
        sizes = values.abs()
        unit = sizes.filter(sizes > 0).median()
        if not isinstance(unit, float):
            return cls(unit=1.0, center=0.0, spread=1.0)
        squeezed = (values * (1.0 / unit)).arcsinh()
        center, spread = squeezed.mean(), squeezed.std()
        narrow = not isinstance(spread, float) or spread < 1e-6
        return cls(
            unit=unit,
            center=center if isinstance(center, float) else 0.0,
            spread=1.0 if narrow or not isinstance(spread, float) else spread,
        )

    def apply(self, column: pl.Expr) -> pl.Expr:
        """The scaled column; nulls stay nulls.

        Multiplies, since a division may round differently in tables of other rows.
        """
        squeezed = (column.cast(pl.Float64) * (1.0 / self.unit)).arcsinh()
        return (squeezed - self.center) * (1.0 / self.spread)


@dataclass(frozen=True)
class Codebook:
    """Codes of strings and scales of numbers, by attribute name."""

    event_types: tuple[str, ...]
    numbers: dict[str, Scale]
    categories: dict[str, tuple[str, ...]]
    static_numbers: dict[str, Scale]
    static_categories: dict[str, tuple[str, ...]]

    @classmethod
    def fit(
        cls,
        events: pl.DataFrame,
        customers: pl.DataFrame,
        *,
        attributes: Attributes,
        max_categories: int,
    ) -> Codebook:
        """Learn codes and scales.

        Args:
            events: One row per event before the cutoff, with `event_type` and the attributes.
            customers: One row per customer, with the static attributes.
            attributes: Names of the attributes.
            max_categories: Commonest values that get a code; rarer ones count as unknown.
        """
        return cls(
            event_types=tuple(events[EVENT_TYPE].unique().sort()),
            numbers={n: Scale.fit(events[n]) for n in attributes.numbers},
            categories={n: _commonest(events[n], max_categories) for n in attributes.categories},
            static_numbers={n: Scale.fit(customers[n]) for n in attributes.static_numbers},
            static_categories={
                n: _commonest(customers[n], max_categories) for n in attributes.static_categories
            },
        )

    def to_dict(self) -> dict[str, Any]:
        """A dict of plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Codebook:
        """The inverse of `to_dict`."""
        return cls(
            event_types=tuple(plain["event_types"]),
            numbers={n: Scale(**s) for n, s in plain["numbers"].items()},
            categories={n: tuple(v) for n, v in plain["categories"].items()},
            static_numbers={n: Scale(**s) for n, s in plain["static_numbers"].items()},
            static_categories={n: tuple(v) for n, v in plain["static_categories"].items()},
        )


def codes(column: pl.Expr, values: Sequence[str]) -> pl.Expr:
    """Codes of a string column, Int64."""
    known = column.replace_strict(
        list(values),
        list(range(FIRST_CODE, FIRST_CODE + len(values))),
        default=UNKNOWN,
        return_dtype=pl.Int64,
    )
    return pl.when(column.is_not_null()).then(known).otherwise(MISSING)


def code_count(values: Sequence[str]) -> int:
    """Number of codes, missing and unknown included."""
    return FIRST_CODE + len(values)


def _commonest(values: pl.Series, most: int) -> tuple[str, ...]:
    counts = values.alias("value").drop_nulls().value_counts(name="count")
    counts = counts.sort("count", "value", descending=[True, False])
    return tuple(counts["value"].head(most).sort())
