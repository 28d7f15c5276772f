"""A score table + what was delivered before -> the rows that another system has yet to be told.

A row is worth a message if its customer has never been delivered, or the band of risk or an
audience is another than in the last one, or nobody knows what that was, or it was of another form:
of other columns, audiences or bands than the config has now. Who was in an audience and has no row
any more, as an id that was merged into another, is told of a last time: in no audience, all
else null.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import polars_hash  # noqa: F401  (registers the namespace `chash`)

from seqchurn.config.complaints import nearest
from seqchurn.config.deliveries import Bands, Delivery
from seqchurn.errors import ConfigError
from seqchurn.schema import CUSTOMER_ID
from seqchurn.sinks.audiences import Audiences

__all__ = ["Plan", "plan"]

_EVERY_PERCENT = {"churn_percentile": 1.0, "p_churn": 0.01}
"""Width of a whole percent of each column that can be cut."""
_BAND, _LISTED, _SURE = "seqchurn:band", "seqchurn:audiences", "seqchurn:sure"
_ROWS = "seqchurn:rows"


@dataclass(frozen=True)
class Plan:
    """What a delivery has to tell."""

    messages: pl.DataFrame
    """Rows to deliver: `customer_id`, `as_of`, columns, `band`, a Boolean column per audience and
    `message_id`."""
    form: str
    """Digest of the columns, the names of the audiences and the bands."""
    rows: int
    """Customers in the score table."""
    gone: int
    """Messages of customers who are no longer in it."""
    members: dict[str, int]
    """Audience to the number of its members now, delivered before or not."""


def plan(
    name: str,
    delivery: Delivery,
    scores: pl.LazyFrame,
    delivered: pl.DataFrame,
    *,
    audiences: Audiences,
) -> Plan:
    """What a delivery has to tell of a score table.

    Args:
        name: Name of the delivery.
        delivery: Its section of the config.
        scores: A published score table.
        delivered: What `Delivered.rows` gives.
        audiences: Those of the config.

    Raises:
        ConfigError: If the config asks for a column that there is not.
    """
    schema, names = dict(scores.collect_schema()), audiences.names
    own = [CUSTOMER_ID, "as_of", *_columns(name, delivery.columns, list(schema)), "band", *names]
    form = _form(own, delivery.bands)
    told = delivered.lazy().select(
        *(CUSTOMER_ID, pl.col("band").alias(_BAND), pl.col("audiences").alias(_LISTED)),
        (pl.col("sure") & (pl.col("form") == form)).alias(_SURE),
    )
    everybody = scores.join(told, on=CUSTOMER_ID, how="left", maintain_order="left").with_columns(
        _band(delivery.bands).alias("band"), *audiences.members(pl.col(_LISTED), schema)
    )
    changed = everybody.filter(~_same(audiences)).select(own)
    gone = _gone(scores, delivered).with_columns(pl.lit(False).alias(name) for name in names)
    told_of = pl.concat([changed, gone], how="diagonal").with_columns(_message_id(name, own))
    counted = everybody.select(pl.len().alias(_ROWS), *(pl.col(name).sum() for name in names))
    messages, counts, left = pl.collect_all([told_of, counted, gone])
    rows, *members = counts.row(0)
    return Plan(messages, form, rows, left.height, dict(zip(names, members, strict=True)))


def _same(audiences: Audiences) -> pl.Expr:
    """Whether band and audiences are for sure those that were delivered last; never null."""
    now, before = (names.list.join(",") for names in (audiences.listed(), pl.col(_LISTED)))
    same = pl.col(_SURE) & (pl.col("band") == pl.col(_BAND)) & (now == before)
    return same.fill_null(False)


def _gone(scores: pl.LazyFrame, delivered: pl.DataFrame) -> pl.LazyFrame:
    """Customers without a row who are, or may be, in an audience; `as_of` is that of the table."""
    told = delivered.lazy().filter((pl.col("audiences").list.len() > 0) | ~pl.col("sure"))
    left = told.select(CUSTOMER_ID).join(scores, on=CUSTOMER_ID, how="anti", maintain_order="left")
    return left.join(scores.select(pl.col("as_of").max()), how="cross")


def _form(columns: Sequence[str], bands: Bands) -> str:
    """Digest of all that makes every row another, whatever the scores are."""
    text = json.dumps([columns, bands.model_dump()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _columns(name: str, wanted: Sequence[str] | None, there: Sequence[str]) -> list[str]:
    """Columns to deliver, without those that every row has."""
    for column in wanted or []:
        if column not in there:
            near = nearest(column, there)
            remedy = f"Did you mean {near}?" if near else f"There are {', '.join(there)}."
            raise ConfigError(
                f"[deliveries] {name}.columns: the score table has no {column}. {remedy}"
            )
    own = (CUSTOMER_ID, "as_of")
    return [c for c in dict.fromkeys(there if wanted is None else wanted) if c not in own]


def _band(bands: Bands) -> pl.Expr:
    """Number of the band, Int32, from 1; a cut belongs to the band below it."""
    column = pl.col(bands.of)
    if bands.cuts is None:
        return (column / _EVERY_PERCENT[bands.of]).ceil().clip(1).cast(pl.Int32)
    return 1 + pl.sum_horizontal((column > cut).cast(pl.Int32) for cut in bands.cuts)


def _message_id(name: str, columns: Sequence[str]) -> pl.Expr:
    """A UUID (version 8) made of the hash of a row and the name of its delivery.

    The same row has the same id whenever it is sent, also by another run.
    """
    row = pl.struct(pl.lit(name).alias("delivery"), *columns).struct.json_encode()
    digest: pl.Expr = row.chash.sha2_256()  # type: ignore[attr-defined]
    cuts = [(0, 8), (8, 4), (13, 3), (17, 3), (20, 12)]
    first, second, third, fourth, fifth = (digest.str.slice(start, n) for start, n in cuts)
    text = pl.format("{}-{}-8{}-8{}-{}", first, second, third, fourth, fifth)
    return text.alias("message_id")
