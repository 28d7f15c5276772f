"""A log that comes in any deliveries ends in the store that one run over all of it builds."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqchurn.errors import DataError
from tests.events.growing_shop import Row, Shop, orders, state

PEOPLE = "abcdef"


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Records of few people, some repeated, some refused."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "user": st.sampled_from([*PEOPLE, None, ""]),
                    "cookie": st.sampled_from([f"c{n}" for n in range(8)] + [None]),
                    "at": st.sampled_from(
                        ["2024-01-01", "2024-01-02T10:00:00Z", "2024-01-03", "soon", None]
                    ),
                    "amount": st.sampled_from([0.1, 0.2, 0.7, None, "x"]),
                    "id": st.sampled_from(["1", "2", "3", None]),
                    "basket": st.sampled_from(["p", "q", "r"]),
                }
            ),
            min_size=1,
            max_size=40,
        )
    )
    sound = {
        "user": "z",
        "cookie": None,
        "at": "2024-01-01",
        "amount": 1,
        "id": None,
        "basket": "p",
    }
    return [*rows, sound]


CONFIGS: dict[str, tuple[Row, Row | None]] = {
    "plain": ({}, None),
    "ids": ({"event_id": "id"}, None),
    "folded": ({"fold_by": ["basket"], "duplicates": "drop"}, None),
    "identity": (
        {"customer_id": None, "identifiers": {"user": "user", "cookie": "cookie"}},
        {"order": ["user", "cookie"], "max_ids_per_customer": 4},
    ),
    "identity folded": (
        {
            "customer_id": None,
            "identifiers": {"user": "user", "cookie": "cookie"},
            "fold_by": ["basket"],
            "event_id": "id",
        },
        {"order": ["user", "cookie"]},
    ),
}


def of_partitions(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test over some logs, and some ways in which each is delivered."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        drawn = given(rows=logs(), seed=st.integers(0, 2**32), stray=st.booleans())(test)
        allowed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
        quick = settings(max_examples=examples, deadline=None, suppress_health_check=allowed)
        return pytest.mark.parametrize("name", CONFIGS)(quick(drawn))

    return decorated


@of_partitions(4)
def test_any_partition_into_deliveries_ends_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
    check_partition(name, rows, seed, stray, tmp_path)


@pytest.mark.slow
@of_partitions(25)
def test_more_partitions_into_deliveries_end_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
    check_partition(name, rows, seed, stray, tmp_path)


@pytest.mark.soak
@of_partitions(400)
def test_many_partitions_into_deliveries_end_in_the_state_of_one_run(
    name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path
) -> None:
    check_partition(name, rows, seed, stray, tmp_path)


def check_partition(name: str, rows: list[Row], seed: int, stray: bool, tmp_path: Path) -> None:
    """Deliver the rows in files that come late and out of order, then compare with one run."""
    changes, identity = CONFIGS[name]
    rng = random.Random(seed)
    shutil.rmtree(tmp_path / "shop", ignore_errors=True)
    shop = Shop(tmp_path / "shop", orders(**changes), identity=identity)
    rng.shuffle(rows)
    cuts = sorted(rng.sample(range(1, len(rows)), k=min(len(rows) - 1, rng.randint(0, 5))))
    files = [
        (f"{number:02}.json", rows[start:end])
        for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True))
    ]
    rng.shuffle(files)  # they arrive late, and out of order
    while files:
        for file, some in [files.pop() for _ in range(min(len(files), rng.randint(1, 3)))]:
            shop.deliver(file, some, damaged=["{broken"] if stray and rng.random() < 0.5 else [])
        try:
            shop.prepare()
        except DataError:  # nothing to publish yet
            continue
    assert state(shop.store) == state(shop.rebuilt())
