"""Links between identifiers -> the one customer behind each: identity resolution.

A person has a cookie on the phone, another on the laptop, a user id since the first order, a hashed
e-mail address. Whoever is linked, over however many links, is one customer: customers are the
connected components of the graph of links. An identifier with too many links is a thing that many
share, as the kiosk of a shop; its links are not followed, or they would make one customer of a
city.

What comes out depends on the set of links alone, not on their order or on how often they were seen.

Shapes: an identifier is text, kind:value, such as `user:42` or `anonymous:9f3b`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["IDENTIFIER", "Resolution", "customer_name", "identifier", "resolve"]

IDENTIFIER = "identifier"


@dataclass(frozen=True)
class Resolution:
    """Who is whom."""

    customers: pl.DataFrame
    """`identifier` and `customer_id` of all that are linked to another, sorted by `identifier`."""
    shared: pl.DataFrame
    """`identifier` and `links`, its number, of those with too many, the largest number first."""


def identifier(kind: str, value: pl.Expr) -> pl.Expr:
    """Identifiers of a kind; null where there is no value, or an empty one."""
    return pl.when(value != "").then(pl.concat_str(pl.lit(f"{kind}:"), value))


def customer_name(identifiers: pl.Expr, order: Sequence[str]) -> pl.Expr:
    """What a customer is called who is known by an identifier.

    The bare value of the first kind, so that it is the id that other systems know; the whole
    identifier of other kinds, and of values that look like one of these.

    Args:
        identifiers: Text, kind:value.
        order: Kinds, the one that names customers first.
    """
    value = identifiers.str.strip_prefix(f"{order[0]}:")
    plain = identifiers.str.starts_with(f"{order[0]}:")
    ambiguous = pl.any_horizontal(value.str.starts_with(f"{kind}:") for kind in order)
    return pl.when(plain & ~ambiguous).then(value).otherwise(identifiers)


def resolve(links: pl.DataFrame, *, order: Sequence[str], most_links: int) -> Resolution:
    """One customer for all identifiers that hang together.

    A customer is called by the first identifier: that of the earliest kind in the order, and of
    these the smallest.

    Args:
        links: Two columns of identifiers, one link a row; links to itself say nothing.
        order: All kinds, the one that names customers first.
        most_links: Links to different identifiers beyond which an identifier's are not followed.
    """
    graph = _Graph(links)
    too_many = graph.degrees > most_links
    _, component = connected_components(graph.without(too_many), directed=False)
    found = pl.DataFrame({IDENTIFIER: graph.identifiers, "component": component})
    kind = pl.col(IDENTIFIER).str.split_exact(":", 1).struct.field("field_0")
    rank = kind.replace_strict(list(order), range(len(order)), return_dtype=pl.Int32)
    first = pl.col(IDENTIFIER).sort_by(rank, IDENTIFIER).first().over("component")
    linked = found.filter(pl.len().over("component") > 1)
    customers = linked.select(IDENTIFIER, customer_name(first, order).alias("customer_id"))
    shared = pl.DataFrame({IDENTIFIER: graph.identifiers, "links": graph.degrees})
    return Resolution(
        customers=customers.sort(IDENTIFIER),
        shared=shared.filter(too_many).sort("links", IDENTIFIER, descending=[True, False]),
    )


class _Graph:
    """Identifiers and the links between different ones, each link once."""

    def __init__(self, links: pl.DataFrame) -> None:
        ends = [links[name] for name in links.columns]
        self.identifiers = pl.concat(ends).drop_nulls().unique().sort()
        numbers = pl.DataFrame({IDENTIFIER: self.identifiers}).with_row_index("number")
        one, other = (_numbered(end, numbers) for end in ends)
        pairs = pl.select(pl.min_horizontal(one, other), other=pl.max_horizontal(one, other))
        pairs = pairs.drop_nulls()
        pairs = pairs.filter(pl.nth(0) != pl.nth(1)).unique()
        self._ends = [pairs[:, i].to_numpy() for i in (0, 1)]
        self.degrees = np.bincount(np.concatenate(self._ends), minlength=len(self.identifiers))

    def without(self, left_out: np.ndarray) -> coo_array:
        """Adjacency without the links of some identifiers."""
        one, other = self._ends
        kept = ~(left_out[one] | left_out[other])
        size = len(self.identifiers)
        return coo_array((np.ones(kept.sum()), (one[kept], other[kept])), shape=(size, size))


def _numbered(identifiers: pl.Series, numbers: pl.DataFrame) -> pl.Series:
    frame = identifiers.alias(IDENTIFIER).to_frame()
    return frame.join(numbers, on=IDENTIFIER, how="left", maintain_order="left")["number"]
