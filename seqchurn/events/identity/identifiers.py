"""Columns of a source that identify a customer -> the identifiers of each record.

A record carries its own identifier in `customer_id`: the first that it has, of the kinds in their
order. All others that it has stand in `LINKED`: whoever they belong to is the same customer, and
who that is the links of all records say together (`resolution`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import polars as pl

from seqchurn.config.identity import IdentityConfig
from seqchurn.config.sources import CustomersSource, EventSource, LinksSource
from seqchurn.events.identity.keyed import hash_key, keyed, keyed_hash
from seqchurn.events.identity.resolution import customer_name, identifier
from seqchurn.events.text import as_text
from seqchurn.schema import CUSTOMER_ID

__all__ = ["LINKED", "PLAIN_IDS", "Naming", "identified", "with_identifiers"]

LINKED = "seqchurn:linked"
"""Other identifiers of a record, a list of text; null: it has none."""

_OWN = "seqchurn:own"


@dataclass(frozen=True)
class Naming:
    """What identifiers look like, and what a customer is called."""

    order: tuple[str, ...] = ()
    """Kinds of identifiers, the one that names customers first; empty: ids are bare values."""
    key: bytes | None = field(default=None, repr=False)
    """Values are hashed under this key; None: they stay as they are."""

    @classmethod
    def of(cls, identity: IdentityConfig | None) -> Naming:
        """What the config says.

        Raises:
            ConfigError: If the environment variable that should hold the key does not.
        """
        if identity is None:
            return cls()
        return cls(tuple(identity.order), hash_key(identity.hash_key))

    @property
    def digest(self) -> str:
        """What differs where the identifiers of a record do; it tells nothing of the key."""
        check = None if self.key is None else keyed_hash("seqchurn", self.key)
        return json.dumps([self.order, check])

    def value(self, text: pl.Expr) -> pl.Expr:
        """An id as it may be stored; null where there is none, or an empty one."""
        given = pl.when(text != "").then(text)
        return given if self.key is None else keyed(given, self.key)

    def name(self, identifiers: pl.Expr) -> pl.Expr:
        """What a customer is called who is known by an identifier and linked to no other."""
        return customer_name(identifiers, self.order) if self.order else identifiers

    def identifier(self, names: pl.Expr) -> pl.Expr:
        """The inverse of `name`."""
        if not self.order:
            return names
        first = self.order[0]  # the kind that names leave out, unless they look like one
        has_kind = pl.any_horizontal(names.str.starts_with(f"{kind}:") for kind in self.order)
        return pl.when(has_kind).then(names).otherwise(pl.concat_str(pl.lit(f"{first}:"), names))


PLAIN_IDS = Naming()
"""Customers are known by `customer_id`, which is stored as it is."""


def with_identifiers(
    raw: pl.LazyFrame, source: EventSource | CustomersSource | LinksSource, naming: Naming
) -> pl.LazyFrame:
    """Add to each raw record who its customer is.

    Args:
        raw: Raw frame.
        source: The section of the config.
        naming: Kinds in their order, and the key.

    Returns:
        The frame with the columns of which `identified` makes `customer_id` and `LINKED`.
    """
    schema = raw.collect_schema()
    if not isinstance(source, LinksSource) and source.customer_id is not None:
        value = naming.value(as_text(source.customer_id, schema[source.customer_id]))
        return raw.with_columns(value.alias(_OWN))
    found = {
        f"seqchurn:{kind}:{column}": identifier(kind, naming.value(as_text(column, schema[column])))
        for kind in naming.order
        for column in source.identifiers.get(kind, [])
    }
    return (
        raw.with_columns(**found)  # step by step: what is used twice is not worked out twice
        .with_columns(pl.coalesce(found.keys()).alias(_OWN))
        .with_columns(_others([*found][1:]).alias(LINKED))  # the first one is its own, or null
        .drop(found.keys())
    )


def identified(naming: Naming) -> dict[str, pl.Expr]:
    """Who the customer of each record is, of a frame from `with_identifiers`.

    Returns:
        `customer_id`, null where a record does not say it, and, if identifiers have an order,
        `LINKED`: distinct, sorted, without `customer_id`.
    """
    own = {CUSTOMER_ID: pl.col(_OWN)}
    return own | {LINKED: pl.col(LINKED)} if naming.order else own


def _others(names: list[str]) -> pl.Expr:
    """Those of some columns of identifiers that differ from `_OWN`, as a list; null: none."""
    others = [pl.when(pl.col(name) != pl.col(_OWN)).then(pl.col(name)) for name in names]
    if not others:
        return pl.lit(None, dtype=pl.List(pl.String))
    if len(others) == 1:  # the common case, and much faster
        return pl.when(others[0].is_not_null()).then(pl.concat_list(others))
    distinct = pl.concat_list(others).list.drop_nulls().list.unique().list.sort()
    return pl.when(pl.any_horizontal(other.is_not_null() for other in others)).then(distinct)
