"""Identity resolution against a search of the graph, and its laws."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqchurn.events.identity.resolution import Resolution, customer_name, identifier, resolve

ORDER = ["user", "email", "anonymous"]

Pair = tuple[str, str]


def resolved(links: list[Pair], most_links: int = 100) -> Resolution:
    schema = {"one": pl.String, "other": pl.String}
    return resolve(pl.DataFrame(links, schema, orient="row"), order=ORDER, most_links=most_links)


def customers(links: list[Pair], most_links: int = 100) -> dict[str, str]:
    return dict(resolved(links, most_links).customers.iter_rows())


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
    found = resolved([*city, *homes, *city], most_links=29)
    assert found.shared.rows() == [("anonymous:kiosk", 30)]
    assert dict(found.customers.iter_rows()) == {
        who: str(i) for i in range(30) for who in (f"user:{i}", f"anonymous:home{i}")
    }
    assert len(set(customers([*city, *homes], most_links=30).values())) == 1


@pytest.mark.parametrize("links", [[], [("user:1", "user:1")]])
def test_no_links_say_nothing(links: list[Pair]) -> None:
    assert resolved(links).customers.is_empty()
    assert resolved(links).shared.is_empty()


identifiers = st.builds("{}:{}".format, st.sampled_from(ORDER), st.integers(0, 12))


@settings(deadline=None)
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
