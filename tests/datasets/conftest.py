"""Drawn logs for property tests."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from seqchurn.datasets.jagged import Jagged

Log = dict[str, list[tuple[float, str]]]


@pytest.fixture(scope="session")
def logs() -> st.SearchStrategy[Log]:
    """Up to four customers with events at full and half hours of eight days, ties included."""
    days = st.integers(0, 8 * 48).map(lambda n: n / 48)
    event = st.tuples(days, st.sampled_from(["order", "view", "order"]))
    events = st.lists(event, min_size=1, max_size=14).map(sorted)
    return st.dictionaries(st.sampled_from("abcd"), events, min_size=1)


@pytest.fixture(scope="session")
def histories_of() -> object:
    """The events of each customer of a jagged, as rows of plain numbers."""

    def rows(jagged: Jagged, *columns: str) -> dict[str, list[tuple[float, ...]]]:
        values = zip(*(getattr(jagged, c).tolist() for c in columns), strict=True)
        flat, bounds = list(values), jagged.offsets.tolist()
        return {
            customer: flat[bounds[i] : bounds[i + 1]]
            for i, customer in enumerate(jagged.customer_ids)
        }

    return rows
