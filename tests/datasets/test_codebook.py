from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.datasets.codebook import (
    MISSING,
    UNKNOWN,
    Attributes,
    Codebook,
    Scale,
    code_count,
    codes,
)


def applied(scale: Scale, values: pl.Series) -> pl.Series:
    return pl.select(scale.apply(pl.lit(values))).to_series()


@given(
    median=st.floats(1e-3, 1e6),
    spread=st.floats(0.1, 2.0),
    negative=st.booleans(),
    seed=st.integers(0, 99),
)
def test_scaled_numbers_have_mean_zero_and_unit_spread(
    median: float, spread: float, negative: bool, seed: int
) -> None:
    drawn = median * np.exp(spread * np.random.default_rng(seed).standard_normal(300))
    values = pl.Series(np.where(np.arange(300) % 3 == 0, -drawn, drawn) if negative else drawn)
    scaled = applied(Scale.fit(values), values)
    assert scaled.mean() == pytest.approx(0.0, abs=1e-9)
    assert scaled.std() == pytest.approx(1.0)
    assert scaled.abs().max() < 10  # a heavy tail is drawn in


def test_the_order_of_numbers_is_kept_and_an_extreme_one_stays_small() -> None:
    scale = Scale.fit(pl.Series([1.0, 5.0, 20.0, -3.0, 0.0]))
    values = pl.Series([-1e30, -3.0, 0.0, 0.1, 1.0, 20.0, 1e30])
    scaled = applied(scale, values)
    assert scaled.is_sorted()
    assert scaled.n_unique() == 7
    assert scaled.abs().max() < 100


@pytest.mark.parametrize(
    "values",
    [[7.0, 7.0, 7.0], [0.0, 0.0], [5.0], [None, None], [], [3.0, None]],
    ids=["constant", "zeros", "one", "nulls", "none", "one and a null"],
)
def test_numbers_without_spread_stay_finite(values: list[float | None]) -> None:
    scale = Scale.fit(pl.Series(values, dtype=pl.Float64))
    scaled = applied(scale, pl.Series([0.0, 7.0, 1e3, None], dtype=pl.Float64))
    assert scaled.null_count() == 1
    assert scaled.drop_nulls().is_finite().all()
    assert scale.spread == 1.0


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_does_not_spoil_the_scale(odd: float) -> None:
    assert Scale.fit(pl.Series([1.0, odd, 5.0])) == Scale.fit(pl.Series([1.0, 5.0]))


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=30), st.integers(1, 29))
def test_a_scale_does_not_depend_on_the_chunks_that_numbers_come_in(
    numbers: list[float], first: int
) -> None:
    whole = pl.Series(numbers)
    chunks = whole[:first].append(whole[first:]) if first < len(numbers) else whole
    assert Scale.fit(chunks) == Scale.fit(whole)  # to the bit


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20))
def test_a_number_is_scaled_alike_in_tables_of_any_length(numbers: list[float]) -> None:
    scale = Scale.fit(pl.Series(numbers))
    together = applied(scale, pl.DataFrame({"x": numbers})["x"]).to_list()
    table = pl.DataFrame({"x": numbers}).select(scale.apply(pl.col("x")))
    alone = [pl.DataFrame({"x": [x]}).select(scale.apply(pl.col("x"))).item() for x in numbers]
    assert together == table["x"].to_list() == alone  # to the bit


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float32, pl.Boolean, pl.UInt8])
def test_numbers_of_any_type_are_scaled(dtype: type[pl.DataType]) -> None:
    values = pl.Series([0, 1, 1, 0]).cast(dtype)
    assert applied(Scale.fit(values), values).std() == pytest.approx(1.0)


def codebook(max_categories: int = 2) -> Codebook:
    events = pl.DataFrame(
        {
            "event_type": ["order", "view", "order", "view", "view"],
            "amount": [1.0, None, 5.0, None, 2.5],
            "shop": ["b", "a", "b", "c", None],
            "unused": [None] * 5,
        }
    )
    customers = pl.DataFrame({"age": [30, None], "town": ["z", "é"]})
    attributes = Attributes(["amount"], ["shop", "unused"], ["age"], ["town"])
    return Codebook.fit(events, customers, attributes=attributes, max_categories=max_categories)


def test_only_the_commonest_values_get_a_code_and_ties_go_by_name() -> None:
    assert codebook().event_types == ("order", "view")
    assert codebook().categories == {"shop": ("a", "b"), "unused": ()}
    assert codebook(max_categories=1).categories["shop"] == ("b",)
    assert codebook().static_categories == {"town": ("z", "é")}


def test_a_codebook_survives_json() -> None:
    written = json.dumps(codebook().to_dict())
    assert Codebook.from_dict(json.loads(written)) == codebook()


@pytest.mark.parametrize("values", [("a", "b"), ()])
def test_missing_unknown_and_known_values_have_codes_of_their_own(values: tuple[str, ...]) -> None:
    found = pl.select(codes(pl.lit(pl.Series(["a", "b", "c", None])), values)).to_series().to_list()
    assert found == ([2, 3, UNKNOWN, MISSING] if values else [UNKNOWN, UNKNOWN, UNKNOWN, MISSING])
    assert max(found) < code_count(values)
