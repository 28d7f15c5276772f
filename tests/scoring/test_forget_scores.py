from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from seqchurn.errors import LockedError
from seqchurn.scoring import forget_scores
from seqchurn.storage import BucketStore

AS_OF = datetime(2024, 6, 15, tzinfo=UTC)
BUCKETS = {
    0: pl.DataFrame({"customer_id": ["a", "b"], "p_churn": [0.25, 0.5]}),
    2: pl.DataFrame({"customer_id": ["c", "d"], "p_churn": [0.75, 1.0]}),
}


def of(*customer_ids: str) -> pl.Expr:
    return pl.col("customer_id").is_in(customer_ids)


@pytest.fixture
def scores(tmp_path: Path) -> BucketStore:
    """A score table, published twice, so that it has replaced parts."""
    store = BucketStore(tmp_path / "as_of=2024-06-15")
    for factor in (0.5, 1.0):
        with store.publish(as_of=AS_OF.isoformat(), model_version="3") as writer:
            for bucket, rows in BUCKETS.items():
                writer.write(bucket, rows.with_columns(pl.col("p_churn") * factor))
    return store


def test_those_who_stay_keep_their_rows_buckets_and_facts(scores: BucketStore) -> None:
    before = scores.manifest()
    assert forget_scores(scores, of("b", "nobody")) == 1
    after = scores.manifest()
    assert scores.read(0).equals(BUCKETS[0].head(1))
    assert scores.read(2).equals(BUCKETS[2])
    assert after.pop("rows") == {"0": 1, "2": 2}
    assert (before.pop("total_rows"), after.pop("total_rows")) == (4, 3)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"digest", "bytes"}


def test_no_file_keeps_those_who_went(scores: BucketStore) -> None:
    (scores.folder / "unfinished" / "scratch").mkdir(parents=True)
    BUCKETS[0].write_parquet(scores.folder / "unfinished" / "scratch" / "0.parquet")
    assert forget_scores(scores, of("b", "c", "d")) == 3
    left = [pl.read_parquet(file) for file in scores.folder.rglob("*.parquet")]
    assert [name for frame in left for name in frame["customer_id"]] == ["a"]
    assert scores.buckets() == [0, 2]


def test_where_nobody_goes_the_publication_stays_and_replaced_parts_go(
    scores: BucketStore,
) -> None:
    manifest = scores.folder / "manifest.json"
    written = manifest.stat().st_mtime_ns
    assert forget_scores(scores, of("nobody")) == 0
    assert manifest.stat().st_mtime_ns == written
    assert len(list(scores.folder.glob("parts-*"))) == 1
    assert scores.scan().collect().equals(pl.concat(BUCKETS.values()))


def test_a_table_of_another_version_goes_as_a_whole_and_that_is_said_once(
    scores: BucketStore, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = scores.folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 0}))
    for _ in range(2):
        with caplog.at_level(logging.WARNING):
            assert forget_scores(scores, of("b")) == 0
    assert list(scores.folder.rglob("*.parquet")) == []
    assert caplog.messages == [f"removed all of {scores.folder}, which could not be read"]


def test_a_table_that_is_being_written_is_left_to_its_writer(scores: BucketStore) -> None:
    with scores.publish() as writer:
        writer.write(0, BUCKETS[0])
        with pytest.raises(LockedError, match="another run is writing .*as_of=2024-06-15. Wait"):
            forget_scores(scores, of("nobody"))
