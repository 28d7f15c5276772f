from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.code_version import code_version
from seqchurn.config.guards import GuardsConfig
from seqchurn.errors import ConfigError, DataError, EnvironmentFailure, LockedError
from seqchurn.prediction import score_rows
from seqchurn.scoring import Scoring, buckets, publish_scores
from seqchurn.storage import BucketStore
from seqchurn.tracking import Bundle, connect, find_model, open_model
from tests.shop import AS_OF, Opened

MOMENT = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
VERSION = {"model_name": "shop", "model_version": "1", "run_id": "r"}


@pytest.fixture(scope="module")
def bundle(whole_way: Opened) -> Bundle:
    connect(whole_way.store)
    return open_model(find_model("shop", None))


@pytest.fixture(scope="module")
def sequences(whole_way: Opened) -> BucketStore:
    return whole_way.table("sequences")


@pytest.fixture
def published(bundle: Bundle, sequences: BucketStore, tmp_path: Path) -> Any:
    """Publish to a store, with changed arguments."""

    def publish(store: str = "scores", *, force: bool = False, **changes: Any) -> bool:
        guards = changes.pop("guards", GuardsConfig())
        arguments: dict[str, Any] = {
            "model": bundle.model,
            "sequences": sequences.snapshot(),
            "as_of": MOMENT,
            "options": bundle.scores,
            "version": VERSION,
            **changes,
        }
        return publish_scores(
            Scoring(**arguments),
            BucketStore(tmp_path / store),
            guards=guards,
            trained_until=datetime.fromisoformat(bundle.training_cutoff),
            force=force,
        )

    return publish


def test_scores_lie_in_the_buckets_of_the_sequences(
    published: Any, sequences: BucketStore, tmp_path: Path
) -> None:
    assert published()
    scores = BucketStore(tmp_path / "scores")
    assert scores.buckets() == sequences.buckets()
    for bucket in scores.buckets():
        customers = scores.read(bucket)["customer_id"]
        assert customers.to_list() == sequences.read(bucket)["customer_id"].to_list()


def test_the_percentile_ranks_all_customers_whatever_their_bucket(
    published: Any, tmp_path: Path
) -> None:
    published()
    scores = BucketStore(tmp_path / "scores").scan().collect()
    ranked = scores["p_churn"].rank("max") / scores.height * 100
    assert scores["churn_percentile"].to_list() == pytest.approx(ranked.to_list())


def test_a_publication_says_what_it_was_made_of(
    published: Any, sequences: BucketStore, tmp_path: Path
) -> None:
    published()
    manifest = BucketStore(tmp_path / "scores").manifest()
    assert manifest["as_of"] == "2024-06-15T00:00:00+00:00"
    assert manifest["sequences_digest"] == sequences.manifest()["digest"]
    assert manifest["horizons"] == {"7d": 7.0, "28d": 28.0}
    assert {name: manifest[name] for name in VERSION} == VERSION
    assert manifest["code_version"] == code_version()
    assert list(manifest["seconds"]) == ["scoring", "guards", "completing"]
    assert manifest["guards"]["bad_scores"] == 0
    profile = manifest["profile"]
    events = sequences.scan().select("timestamp", "event_type").explode(pl.all())
    known = events.filter(pl.col("timestamp") < MOMENT).collect()
    assert profile["events"] == known.height
    ordered = known.filter(pl.col("event_type") == "order")["timestamp"].max()
    assert profile["newest_target_at"] == ordered.isoformat()  # type: ignore[union-attr]
    assert profile["newest_event_at"] == known["timestamp"].max().isoformat()  # type: ignore[union-attr]
    recent = known.filter(pl.col("timestamp") >= MOMENT - timedelta(days=28))
    assert profile["recent"] == dict(recent["event_type"].value_counts(sort=False).iter_rows())


def test_the_same_work_is_not_done_twice_unless_forced(published: Any, tmp_path: Path) -> None:
    assert published()
    digest = BucketStore(tmp_path / "scores").manifest()["digest"]
    assert not published()
    assert published(force=True)
    assert BucketStore(tmp_path / "scores").manifest()["digest"] == digest


def test_two_stores_hold_the_same_bytes(published: Any, tmp_path: Path) -> None:
    published("one"), published("two")
    digests = [BucketStore(tmp_path / name).manifest()["digest"] for name in ("one", "two")]
    assert digests[0] == digests[1]


def test_every_option_of_the_scores_counts_as_a_change(published: Any, bundle: Bundle) -> None:
    published()
    options = bundle.scores
    for change in (
        {"horizons": {"14d": 14.0}},
        {"churn_days": 56.0},
        {"reach_days": 30.0},
        {"interval_days": 7.0},
        {"count_paths": 3},
    ):
        assert published(options=replace(options, **change)), change
    assert published(version={**VERSION, "model_version": "2"})


def test_a_moment_nobody_is_known_at_is_refused_before_anything_is_written(
    published: Any, tmp_path: Path
) -> None:
    for moment in (datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)):
        with pytest.raises(ConfigError, match="no customer is known before --as_of 202.*log begi"):
            published(as_of=moment)
    with pytest.raises(ConfigError, match="lies inside a step of 1 days"):
        published(as_of=MOMENT.replace(hour=3))
    assert not (tmp_path / "scores").exists()


def test_a_moment_at_which_some_buckets_are_empty_is_scored(
    published: Any, tmp_path: Path, sequences: BucketStore
) -> None:
    first = sequences.scan().select(pl.col("timestamp").list.first()).collect().to_series().sort()
    second_day = first[1].replace(hour=0, minute=0, second=0, microsecond=0)
    known = int((first < second_day).sum())
    assert 0 < known < len(sequences.buckets())
    published(as_of=second_day)
    assert BucketStore(tmp_path / "scores").scan().collect().height == known


def test_the_table_is_locked_while_it_is_written(published: Any, tmp_path: Path) -> None:
    with BucketStore(tmp_path / "scores").publish() as writer:
        with pytest.raises(LockedError, match="another run is writing .*scores. Wait until it has"):
            published()
        writer.write(0, pl.DataFrame({"a": [1]}))


def test_digest_and_scores_are_of_one_table_though_prepare_runs_in_between(
    published: Any, sequences: BucketStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BucketStore(tmp_path / "sequences")
    shutil.copytree(sequences.folder, store.folder)
    published("before", sequences=store.snapshot())

    def prepare_after_the_first_bucket(*args: Any, **kwargs: Any) -> pl.DataFrame:
        if store.manifest()["digest"] == sequences.manifest()["digest"]:
            facts = {"first_timestamp": store.manifest()["first_timestamp"]}
            with store.publish(**facts) as writer:
                for bucket in sequences.buckets():
                    writer.write(bucket, sequences.read(bucket).head(1))
        return score_rows(*args, **kwargs)

    monkeypatch.setattr(buckets, "score_rows", prepare_after_the_first_bucket)
    published("during", sequences=store.snapshot())
    before, during = (BucketStore(tmp_path / name).manifest() for name in ("before", "during"))
    assert store.manifest()["digest"] != sequences.manifest()["digest"]
    assert {**during, "seconds": {}} == {**before, "seconds": {}}


def test_a_disk_that_is_full_is_told_by_the_process_that_scores(tmp_path: Path) -> None:
    class OnAFullDisk:
        def rows(self, bucket: int) -> pl.DataFrame:
            raise pl.exceptions.ComputeError("No space left on device (os error 28)")

    with pytest.raises(EnvironmentFailure, match="could not write scores to "):
        buckets._score_share((OnAFullDisk(), [0], tmp_path, 1), print)  # type: ignore[arg-type]


class Counted:
    """What is scored; one bucket fails once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.fail_at: int | None = None

    def __call__(self, model: Any, sequences: pl.DataFrame, *args: Any, **named: Any) -> Any:
        if len(self.sizes) == self.fail_at:
            self.fail_at = None
            raise OSError(28, "No space left on device")
        self.sizes.append(sequences.height)
        return score_rows(model, sequences, *args, **named)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Takes the place of what scores a bucket."""
    scored = Counted()
    monkeypatch.setattr(buckets, "score_rows", scored)
    return scored


def test_what_a_run_that_failed_has_scored_is_not_scored_again(
    published: Any, counted: Counted, tmp_path: Path, sequences: BucketStore
) -> None:
    counted.fail_at = 2
    with pytest.raises(EnvironmentFailure, match="No space left on device"):
        published("resumed")
    assert not BucketStore(tmp_path / "resumed").exists()
    assert published("resumed")
    assert len(counted.sizes) == len(sequences.buckets())  # each once
    assert published("whole")
    whole, resumed = (BucketStore(tmp_path / name) for name in ("whole", "resumed"))
    assert resumed.manifest()["digest"] == whole.manifest()["digest"]
    assert {p.name for p in resumed.folder.iterdir()} == {p.name for p in whole.folder.iterdir()}


@pytest.mark.parametrize("change", [{"as_of": MOMENT - timedelta(days=1)}, {"force": True}])
def test_other_work_does_not_go_on_with_it(
    change: dict[str, Any], published: Any, counted: Counted, sequences: BucketStore
) -> None:
    counted.fail_at = 2
    with pytest.raises(EnvironmentFailure, match="No space left on device"):
        published()
    published(**change)
    assert len(counted.sizes) == 2 + len(sequences.buckets())


def test_a_guard_that_refuses_leaves_what_is_there_and_keeps_the_work(
    published: Any, counted: Counted, tmp_path: Path, sequences: BucketStore
) -> None:
    store = BucketStore(tmp_path / "scores")
    published(version={**VERSION, "model_version": "0"})
    before = store.manifest()
    for _ in range(2):
        with pytest.raises(DataError, match="the newest event is of 2024-06-1.* hours before"):
            published(guards=GuardsConfig(max_staleness_hours=0))
        assert store.manifest() == before
    assert published(guards=GuardsConfig(max_staleness_hours=0, warn=["staleness_hours"]))
    assert len(counted.sizes) == 2 * len(sequences.buckets())
    assert store.manifest()["guards"]["staleness_hours"] > 0.0
