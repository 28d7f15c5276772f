"""Links between identifiers -> the one customer behind each: identity resolution.

A person has a cookie on the phone, another on the laptop, a user id since the first order, a hashed
e-mail address. Whoever is linked, over however many links, is one customer: customers are the
connected components of the graph of links. An identifier with too many links is a thing that many
share, as the kiosk of a shop; its links are not followed, or they would make one customer of a
city.

What comes out depends on the set of links alone, not on their order or on how often they were seen.

Texts are in memory a share at a time: identifiers lie on the disk by their share and have numbers
(`numbering`), components are found among numbers alone (`graph`), and the name of each is chosen
where all of its identifiers lie together, by the share of the component.

Shapes: an identifier is text, kind:value, such as `user:42` or `anonymous:9f3b`; N identifiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from seqchurn.events.hashing import bucket
from seqchurn.events.identity.graph import Graph
from seqchurn.events.identity.numbering import IDENTIFIER, IS_OWN, Numbering
from seqchurn.events.spreading import Shares, gathered, spread
from seqchurn.schema import CUSTOMER_ID

__all__ = ["IDENTIFIER", "Resolution", "customer_name", "identifier", "resolve"]

_COMPONENT, _RANK = "component", "rank"
_MEMBERS = {_COMPONENT: pl.Int32(), IDENTIFIER: pl.String(), _RANK: pl.Int32()}
_NONE = pl.lit(False)


@dataclass(frozen=True)
class Resolution:
    """Who is whom."""

    customers: pl.LazyFrame
    """`identifier` and `customer_id` of all that are linked to another, from the disk, in any
    order."""
    shared: pl.DataFrame
    """`identifier` and `links`, its number, of those with too many, the largest number first."""
    shares: Shares
    """In how many the customers fit into memory."""


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
    links: pl.LazyFrame,
    folder: Path,
    *,
    order: Sequence[str],
    most_links: int,
    shares: Shares,
    unfollowed: pl.Expr = _NONE,
) -> Resolution:
    """One customer for all identifiers that hang together.

    A customer is called by the first identifier: that of the earliest kind in the order; of
    these one that records had as their own, before one that was only seen beside another (the
    previous id of an alias, whose kind nobody knows); and of these the smallest.

    Args:
        links: Two columns of identifiers, one link a row, in the first one what a record had as
            its own; links to itself say nothing.
        folder: For work in between, and for what comes out.
        order: All kinds, the one that names customers first.
        most_links: Links to different identifiers beyond which an identifier's are not followed.
        shares: In how many identifiers fit into memory, by the bucket that records of them lie in.
        unfollowed: Of `IDENTIFIER`, whether its links are not followed in any case.

    Returns:
        The customer of each identifier that hangs together with another, and who has too many.
    """

    def share(identifiers: pl.Expr) -> pl.Expr:
        return shares.of(bucket(customer_name(identifiers, order), shares.buckets))

    numbering = Numbering(links, folder, share, shares.shares)
    graph = Graph(numbering.one, numbering.other, numbering.size)
    too_many, shared = _too_many(numbering, graph.degrees, most_links, unfollowed)
    component = graph.components(too_many)  # (N,)
    _send_members(numbering, component, order, folder / "members", shares.shares)
    customers = _named(folder, order, shares.shares)
    return Resolution(customers, shared, shares)


def _too_many(
    numbering: Numbering, degrees: np.ndarray, most_links: int, unfollowed: pl.Expr
) -> tuple[np.ndarray, pl.DataFrame]:
    """Whose links are not followed, shape (N,), and the same as a table."""
    too_many, shared = degrees > most_links, []  # (N,)
    for table, numbers in numbering.shares():
        never = table.select(pl.repeat(False, pl.len()) | unfollowed).to_series().to_numpy()
        too_many[numbers] |= never
        with_links = table.select(IDENTIFIER, pl.Series("links", degrees[numbers]))
        shared.append(with_links.filter(too_many[numbers]))
    return too_many, pl.concat(shared).sort("links", IDENTIFIER, descending=[True, False])


def _send_members(
    numbering: Numbering, component: np.ndarray, order: Sequence[str], folder: Path, shares: int
) -> None:
    """Write who hangs together with another, by the share of the component."""
    linked = np.bincount(component, minlength=len(component))[component] > 1  # (N,)
    kind = pl.col(IDENTIFIER).str.split_exact(":", 1).struct.field("field_0")
    rank = 2 * kind.replace_strict(list(order), range(len(order)), return_dtype=pl.Int32)
    for number, (table, numbers) in enumerate(numbering.shares()):
        members = table.with_columns(pl.Series(_COMPONENT, component[numbers]))
        members = members.filter(linked[numbers]).with_columns(
            (rank + (~pl.col(IS_OWN)).cast(pl.Int32)).alias(_RANK)
        )
        to = pl.col(_COMPONENT) % shares
        spread(members.lazy().select([*_MEMBERS]), folder / str(number), to)


def _named(folder: Path, order: Sequence[str], shares: int) -> pl.LazyFrame:
    """The customer of each member, from files that are written share by share."""
    first = pl.col(_RANK) == pl.col(_RANK).min().over(_COMPONENT)
    name = customer_name(pl.col(IDENTIFIER).min(), order).alias(CUSTOMER_ID)
    files = [folder / "customers" / f"{share}.parquet" for share in range(shares)]
    files[0].parent.mkdir()
    for share, file in enumerate(files):
        members = gathered(folder / "members", share, pl.Schema(_MEMBERS)).collect()
        names = members.filter(first).group_by(_COMPONENT).agg(name)
        customers = members.join(names, on=_COMPONENT).select(IDENTIFIER, CUSTOMER_ID)
        customers.write_parquet(file, compression="lz4", statistics=False)
    return pl.scan_parquet(files)
