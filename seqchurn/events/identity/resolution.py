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


_NONE = pl.lit(False)


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


def resolve(
    links: pl.DataFrame,
    *,
    order: Sequence[str],
    most_links: int,
    unfollowed: pl.Expr = _NONE,
) -> Resolution:
    """One customer for all identifiers that hang together.

    A customer is called by the first identifier: that of the earliest kind in the order; of
    these one that records had as their own, before one that was only seen beside another (the
    previous id of an alias, whose kind nobody knows); and of these the smallest.

    Args:
        links: Two columns of identifiers, one link a row, in the first one what a record had as
            its own; links to itself say nothing.
        order: All kinds, the one that names customers first.
        most_links: Links to different identifiers beyond which an identifier's are not followed.
        unfollowed: Of `IDENTIFIER`, whether its links are not followed in any case.

    Returns:
        The customer of each identifier that hangs together with another, and who has too many.
    """
    graph = _Graph(links)
    identifiers = graph.identifiers.to_frame(IDENTIFIER)
    never = identifiers.select(pl.repeat(False, pl.len()) | unfollowed).to_series().to_numpy()
    too_many = (graph.degrees > most_links) | never
    _, component = connected_components(graph.without(too_many), directed=False)
    linked = np.bincount(component)[component] > 1
    first = graph.identifiers.gather(graph.first(component, order)[component])
    customers = identifiers.with_columns(customer_id=first).filter(linked)
    shared = identifiers.with_columns(links=graph.degrees).filter(too_many)
    return Resolution(
        customers=customers.with_columns(customer_name(pl.col("customer_id"), order)),
        shared=shared.sort("links", IDENTIFIER, descending=[True, False]),
    )


class _Graph:
    """Identifiers and the links between different ones, each link once.

    An identifier's number is its place in the sorted `identifiers`.
    """

    def __init__(self, links: pl.DataFrame) -> None:
        ends = [links[name] for name in links.columns]
        self.identifiers = pl.concat(ends).drop_nulls().unique().sort()
        numbers = pl.DataFrame({IDENTIFIER: self.identifiers}).with_row_index("number")
        one, other = (_numbered(end, numbers) for end in ends)
        self._is_own = np.zeros(len(self.identifiers), dtype=bool)
        self._is_own[one.drop_nulls().to_numpy()] = True
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
        ones = np.ones(kept.sum(), dtype=np.int8)
        return coo_array((ones, (one[kept], other[kept])), shape=(size, size))

    def first(self, component: np.ndarray, order: Sequence[str]) -> np.ndarray:
        """Number of the identifier that each component is called by.

        Args:
            component: Of each identifier, from 0 on.
            order: All kinds, the one that names customers first.
        """
        size = len(self.identifiers)
        kind = self.identifiers.str.split_exact(":", 1).struct.field("field_0")
        rank = kind.replace_strict(list(order), range(len(order)), return_dtype=pl.Int64)
        place = (2 * rank.to_numpy() + ~self._is_own) * size + np.arange(size)
        least = np.full(component.max(initial=-1) + 1, np.iinfo(np.int64).max)
        np.minimum.at(least, component, place)
        return least % size


def _numbered(identifiers: pl.Series, numbers: pl.DataFrame) -> pl.Series:
    frame = identifiers.alias(IDENTIFIER).to_frame()
    return frame.join(numbers, on=IDENTIFIER, how="left", maintain_order="left")["number"]
