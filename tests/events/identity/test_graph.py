"""Connected components against union-find, one link at a time."""

from __future__ import annotations

import random

import numpy as np
import pytest

from seqchurn.events.identity.graph import Graph


def united(size: int, links: list[tuple[int, int]], left_out: set[int]) -> list[int]:
    """The smallest number that each one hangs together with."""
    parents = list(range(size))

    def root(node: int) -> int:
        while parents[node] != node:
            node = parents[node]
        return node

    for one, other in links:
        if not {one, other} & left_out:
            low, high = sorted((root(one), root(other)))
            parents[high] = low
    return [root(node) for node in range(size)]


def graph(links: list[tuple[int, int]], size: int) -> Graph:
    ends = np.array(links, dtype=np.int32).reshape(-1, 2)
    return Graph(ends[:, 0].copy(), ends[:, 1].copy(), size)


def nobody(size: int) -> np.ndarray:
    return np.zeros(size, dtype=bool)


@pytest.mark.parametrize("seed", range(30))
def test_components_are_those_of_union_find(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.randint(1, 300)
    links = [
        (rng.randrange(size), rng.randrange(size)) for _ in range(int(size * rng.random() * 1.5))
    ]
    left_out = {node for node in range(size) if rng.random() < 0.1}
    mask = nobody(size)
    mask[list(left_out)] = True
    assert graph(links, size).components(mask).tolist() == united(size, links, left_out)


@pytest.mark.parametrize("order", ["up", "down", "any"])
def test_a_long_chain_is_one_component(order: str) -> None:
    nodes = list(range(50_000))
    if order == "any":
        random.Random(1).shuffle(nodes)
    chain = list(zip(nodes, nodes[1:], strict=False))[:: -1 if order == "down" else 1]
    assert not graph(chain, len(nodes)).components(nobody(len(nodes))).any()


def test_a_link_that_is_seen_again_either_way_counts_once_and_one_to_itself_not() -> None:
    found = graph([(0, 1), (1, 0), (0, 1), (2, 2), (0, 3)], 4)
    assert found.degrees.tolist() == [2, 1, 0, 1]


def test_without_a_node_there_is_nothing() -> None:
    assert len(graph([], 0).components(nobody(0))) == len(graph([], 0).degrees) == 0
