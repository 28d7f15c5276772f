from __future__ import annotations

import contextlib
import faulthandler
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from seqchurn.config.events import EventsConfig
from seqchurn.errors import SeqchurnError
from seqchurn.events import IngestReport, ingest, quarantine_store
from seqchurn.schema import EVENT_ID
from seqchurn.storage import BucketStore
from tests.endurance.damage import damaged, damaged_logs
from tests.endurance.small_logs import KINDS, PACKINGS, SmallLog, draw_log, pack

NOW = datetime(2025, 1, 1, tzinfo=UTC)
LONGEST_SECONDS = 10.0
HANGS_SECONDS = 120
AT_ONCE = 200
UNCHECKED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
_SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: each file syncs half a dozen others."""
    where = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as name:
        yield Path(name)


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    """End the whole process with a traceback where native code never comes back."""
    faulthandler.dump_traceback_later(HANGS_SECONDS, exit=True)
    start = time.monotonic()
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert time.monotonic() - start < LONGEST_SECONDS


def ingested(log: SmallLog, file: Path) -> tuple[BucketStore, list[IngestReport]] | None:
    """Ingest a file; None: it was refused as a whole, in words."""
    config = EventsConfig.model_validate(
        {"sources": [{**log.source, "path": str(file)}], "buckets": 2}
    )
    store = BucketStore(file.parent / "events")
    try:
        with no_hang():
            return store, ingest(config, store, now=NOW)
    except SeqchurnError:
        return None


def reconciled(store: BucketStore, reports: list[IngestReport]) -> pl.DataFrame:
    """The events table, once all counts are what the tables hold."""
    events = store.scan().collect()
    refused = quarantine_store(store).scan().collect()
    [report] = reports
    assert report.read == report.kept + report.duplicate + report.quarantined + report.filtered
    assert report.events == report.kept - report.folded_away + report.extra == events.height
    assert report.quarantined == refused.height
    assert refused["rule"].null_count() == refused["reason"].null_count() == 0
    return events


def check(log: SmallLog, content: bytes, file: Path, *, whole: bool = True) -> None:
    """Ingest damaged bytes and hold what came out against the laws.

    Args:
        log: The log before the damage.
        content: Its bytes after it, as they were before packing.
        file: The file with these bytes.
        whole: Whether the packing is sound, so that every byte can be read.
    """
    intact = log.intact(content) if whole else set()
    found = ingested(log, file)
    if found is None:
        assert not intact, "sound records in a file that was refused"
        return
    store, reports = found
    ids = set(reconciled(store, reports)[EVENT_ID].str.strip_prefix("log:"))
    assert intact <= ids, f"lost {sorted(intact - ids)}"
    if whole and log.kind != "csv":  # there a record is a line
        assert reports[0].read == log.lines(content)


def check_numbered(number: int, folder: Path) -> None:
    """Draw, damage and ingest the file of some number."""
    rng = random.Random(number)
    log = draw_log(sorted(KINDS)[number % len(KINDS)], rng)
    packing = rng.choice(["", "", "", *PACKINGS])
    inside = not packing or rng.random() < 0.5
    content = damaged(log.content, rng) if inside else log.content
    place = folder / str(number)
    place.mkdir()
    file = pack(content, place / log.name(packing))
    if not inside:
        file.write_bytes(damaged(file.read_bytes(), rng))
    try:
        check(log, content, file, whole=inside)
    except BaseException as error:
        error.add_note(f"file {number}, {log.kind}{packing}: {content!r:.3000}")
        raise
    finally:
        shutil.rmtree(place)


def check_drawn(log: SmallLog, content: bytes, folder: Path) -> None:
    """Ingest what hypothesis drew."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        check(log, content, pack(content, Path(place) / log.name("")))


def check_range(first: int, count: int, folder: Path) -> None:
    for number in range(first, first + count):
        check_numbered(number, folder)


def test_damaged_files_cost_only_what_is_damaged(folder: Path) -> None:
    check_range(1_000_000, 40, folder)


@settings(max_examples=40, deadline=None, suppress_health_check=UNCHECKED)
@given(drawn=damaged_logs())
def test_whatever_is_written_damage_costs_only_what_is_damaged(
    drawn: tuple[SmallLog, bytes], folder: Path
) -> None:
    check_drawn(*drawn, folder)


@pytest.mark.slow
def test_four_hundred_damaged_files_cost_only_what_is_damaged(folder: Path) -> None:
    check_range(2_000_000, 400, folder)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, 20_000, AT_ONCE))
def test_twenty_thousand_damaged_files_cost_only_what_is_damaged(
    first: int, folder: Path, record_property: pytest.RecordProperty
) -> None:
    start = time.monotonic()
    check_range(first, AT_ONCE, folder)
    record_property("damaged files", AT_ONCE)
    record_property("seconds", time.monotonic() - start)


@pytest.mark.soak
@settings(max_examples=2_000, deadline=None, suppress_health_check=UNCHECKED)
@given(drawn=damaged_logs())
def test_whatever_is_written_damage_costs_only_what_is_damaged_many_times(
    drawn: tuple[SmallLog, bytes], folder: Path
) -> None:
    check_drawn(*drawn, folder)
