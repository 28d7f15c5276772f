"""Identity resolution against a search of the graph, and its laws."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqchurn.events.identity.resolution import IDENTIFIER, customer_name, identifier, resolve
from seqchurn.events.spreading import Shares

ORDER = ["user", "email", "anonymous"]

Pair = tuple[str, str]


def resolved(
    links: list[Pair], most_links: int = 100, shares: int = 1, **options: Any
) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """The customer of each identifier, and who has too many links."""
    frame = pl.LazyFrame(links, {"one": pl.String, "other": pl.String}, orient="row")
    with TemporaryDirectory() as folder:
        found = resolve(
            *(frame, Path(folder) / "work"),
            **{"order": ORDER, "most_links": most_links, "shares": Shares(7, shares), **options},
        )
        rows = found.customers.collect().rows()
    assert len(rows) == len(dict(rows))
    return dict(rows), found.shared.rows()


def customers(links: list[Pair], most_links: int = 100, shares: int = 1) -> dict[str, str]:
    return resolved(links, most_links, shares)[0]


def searched(links: list[Pair]) -> dict[str, frozenset[str]]:
    """The component of each identifier, by walking."""
    beside: dict[str, set[str]] = {}
    for one, other in links:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    found = {}
    for start in beside:
        seen, todo = {start}, [start]
        while todo:
            new = beside[todo.pop()] - seen
            seen |= new
            todo += new
        found[start] = frozenset(seen)
    return found


def test_all_who_hang_together_are_one_customer_called_by_the_first_kind() -> None:
    links = [("anonymous:a", "user:7"), ("anonymous:b", "email:x"), ("email:x", "user:7")]
    assert customers(links) == dict.fromkeys(
        ["anonymous:a", "anonymous:b", "email:x", "user:7"], "7"
    )


def test_without_an_identifier_of_the_first_kind_the_next_one_names_the_customer() -> None:
    assert customers([("anonymous:b", "email:x"), ("anonymous:a", "email:x")]) == dict.fromkeys(
        ["anonymous:a", "anonymous:b", "email:x"], "email:x"
    )


def test_of_several_of_one_kind_the_smallest_names_the_customer() -> None:
    assert set(customers([("user:9", "user:10"), ("user:10", "anonymous:z")]).values()) == {"10"}


def test_what_was_only_seen_beside_another_does_not_name_the_customer() -> None:
    alias = [("user:z", "user:9f3b"), ("user:z", "anonymous:9f3b")]  # 9f3b may be of either kind
    assert set(customers(alias).values()) == {"z"}
    assert set(customers([*alias, ("user:9f3b", "anonymous:phone")]).values()) == {"9f3b"}


def test_a_value_that_looks_like_an_identifier_keeps_its_kind() -> None:
    names = pl.Series(["user:7", "user:anonymous:a", "anonymous:a", "user:user:7"]).to_frame("who")
    found = names.select(customer_name(pl.col("who"), ORDER)).to_series().to_list()
    assert found == ["7", "user:anonymous:a", "anonymous:a", "user:user:7"]


def test_an_identifier_without_a_value_is_none() -> None:
    frame = pl.DataFrame({"who": ["7", "", None]})
    assert frame.select(identifier("user", pl.col("who")))["literal"].to_list() == [
        "user:7",
        None,
        None,
    ]


def test_a_kiosk_does_not_merge_a_city() -> None:
    city = [(f"user:{i}", "anonymous:kiosk") for i in range(30)]
    homes = [(f"user:{i}", f"anonymous:home{i}") for i in range(30)]
    found, shared = resolved([*city, *homes, *city], most_links=29)
    assert shared == [("anonymous:kiosk", 30)]
    assert found == {who: str(i) for i in range(30) for who in (f"user:{i}", f"anonymous:home{i}")}
    assert len(set(customers([*city, *homes], most_links=30).values())) == 1


@pytest.mark.parametrize("links", [[], [("user:1", "user:1")]])
def test_no_links_say_nothing(links: list[Pair]) -> None:
    assert resolved(links) == ({}, [])


identifiers = st.builds("{}:{}".format, st.sampled_from(ORDER), st.integers(0, 12))


def united(
    links: list[Pair], most_links: int, unfollowed: str
) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """The same as `resolved`, by union-find over texts, one link at a time."""
    distinct = {frozenset(link) for link in links if link[0] != link[1]}
    everyone = sorted({end for link in links for end in link})
    degrees = {who: sum(who in link for link in distinct) for who in everyone}
    shared = {who for who in everyone if degrees[who] > most_links or who == unfollowed}
    whose = {who: {who} for who in everyone}
    for one, other in (sorted(link) for link in distinct if not link & shared):
        both = whose[one] | whose[other]
        whose |= dict.fromkeys(both, both)
    own = {one for one, _ in links}

    def rank(who: str) -> tuple[int, bool, str]:
        return ORDER.index(who.partition(":")[0]), who not in own, who

    names = {who: min(part, key=rank) for who, part in whose.items() if len(part) > 1}
    return (
        {who: name.removeprefix("user:") for who, name in names.items()},
        sorted(((who, degrees[who]) for who in shared), key=lambda found: (-found[1], found[0])),
    )


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(identifiers, identifiers), max_size=40),
    st.integers(1, 5),
    st.integers(1, 7),
)
def test_who_is_whom_is_what_union_find_says_in_any_number_of_shares(
    links: list[Pair], most_links: int, shares: int
) -> None:
    kiosk = pl.col(IDENTIFIER) == "user:3"
    found = resolved(links, most_links, shares, unfollowed=kiosk)
    assert found == united(links, most_links, "user:3")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(identifiers, identifiers), max_size=30), st.randoms())
def test_customers_are_the_connected_components_whatever_the_order(
    links: list[Pair], rng: random.Random
) -> None:
    found = customers(links)
    components = {who: part for who, part in searched(links).items() if len(part) > 1}
    assert found.keys() == components.keys()
    for who, part in components.items():
        assert {other for other in found if found[other] == found[who]} == part
    assert customers(rng.sample(links, len(links)) * 2) == found
    turned = customers([(other, one) for one, other in links])
    assert {a: {b for b in turned if turned[b] == turned[a]} for a in turned} == components
