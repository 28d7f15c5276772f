from __future__ import annotations

import polars as pl

from seqchurn.events import bucket
from seqchurn.events.hashing import row_hash

# Published reference values of xxHash64 with seed 0.
REFERENCE = {"": 0xEF46DB3751D8E999, "a": 0xD24EC4F1A98C6E5B, "abc": 0x44BC2CF5AD770999}


def test_buckets_are_those_of_xxhash64() -> None:
    frame = pl.DataFrame({"id": list(REFERENCE)})
    found = frame.select(bucket(pl.col("id"), 1_000)).to_series()
    assert found.dtype == pl.Int32
    assert found.to_list() == [value % 1_000 for value in REFERENCE.values()]


def test_row_hashes_tell_values_columns_and_sources_apart() -> None:
    frame = pl.DataFrame(
        {"x": ["ab", "a", None, "", "ab"], "y": ["c", "bc", "c", "c", "c"], "z": [1.0] * 5}
    )
    found = frame.select(row_hash(frame.schema, salt="s")).to_series()
    assert found[0] == found[4]
    assert found.head(4).n_unique() == 4
    assert frame.select(row_hash(frame.schema, salt="t")).to_series()[0] != found[0]
