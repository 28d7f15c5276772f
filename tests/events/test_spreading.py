from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from seqchurn.events.spreading import Shares, gathered, spread


@pytest.mark.parametrize(("rows", "shares"), [(0, 1), (10, 1), (11, 2), (95, 10), (10_000, 32)])
def test_there_are_as_many_shares_as_memory_asks_for_and_no_more_than_buckets(
    rows: int, shares: int
) -> None:
    assert Shares.of_rows(rows, 10, 32).shares == shares


@pytest.mark.parametrize("shares", [1, 3, 7])
def test_every_bucket_is_in_one_share(shares: int) -> None:
    split = Shares(7, shares)
    told = pl.select(split.of(pl.int_range(7))).to_series().to_list()
    found = {bucket: share for share in range(shares) for bucket in split.buckets_of(share)}
    assert found == dict(enumerate(told))
    assert set(told) == set(range(shares))


def test_what_was_spread_is_gathered_by_its_number(tmp_path: Path) -> None:
    rows = pl.LazyFrame({"a": range(9), "b": list("abcabcabc")})
    for number in range(2):
        spread(rows, tmp_path / "deep" / str(number), pl.col("a") % 4)
    schema = rows.collect_schema()
    for number in range(5):
        found = gathered(tmp_path / "deep", number, schema).collect()
        expected = [a for a in range(9) if a % 4 == number] * 2
        assert sorted(found["a"].to_list()) == sorted(expected)
        assert found.schema == schema
