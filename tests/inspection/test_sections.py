from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from seqchurn.inspection import Contents, Mapped, Section, facts, read_contents, sections
from seqchurn.schema import EVENTS, dtypes
from seqchurn.storage import BucketStore
from seqchurn.waits import Clock

START = datetime(2020, 1, 1, tzinfo=UTC)
Rows = list[tuple[str, float, str]]


def contents_of(
    folder: Path, rows: Rows, *, clock: Clock | None = None, buckets: int = 2
) -> Contents:
    """What is in a store of events (customer, day, type)."""
    table = pl.DataFrame(
        [
            (who, START + timedelta(days=day), kind, str(i))
            for i, (who, day, kind) in enumerate(rows)
        ],
        schema=dtypes(EVENTS),
        orient="row",
    )
    manifest = {
        "n_customers": table["customer_id"].n_unique(),
        "n_events": table.height,
        "first_timestamp": (START + timedelta(days=min(day for _, day, _ in rows))).isoformat(),
        "last_timestamp": (START + timedelta(days=max(day for _, day, _ in rows))).isoformat(),
        "sources": [{"source": "log", "read": table.height, "warnings": []}],
        "quarantined": {"log": {"rare": 1, "common": 7}, "other": {"rare": 2}},
    }
    store = BucketStore(folder)
    with store.publish(**manifest) as writer:
        for bucket in range(buckets):
            part = table.filter(pl.col("customer_id").str.len_chars() % buckets == bucket)
            if part.height:
                writer.write(bucket, part)
    return read_contents(store.snapshot(), Mapped(clock or Clock(1.0), "order"))


def section(contents: Contents, title: str, most_periods: int = 36) -> Section:
    return next(
        s for s in sections(contents, most_periods=most_periods) if s.title.startswith(title)
    )


@pytest.mark.parametrize(
    ("most", "title", "periods"),
    [
        (4, "Events by month", ["2020-01", "2020-02", "2020-04", "2021-01"]),
        (3, "Events by quarter", ["2020-Q1", "2020-Q2", "2021-Q1"]),
        (2, "Events by year", ["2020", "2021"]),
        (1, "Events by year", ["2020", "2021"]),
    ],
)
def test_long_logs_are_shown_by_longer_periods(
    most: int, title: str, periods: list[str], tmp_path: Path
) -> None:
    rows: Rows = [("a", day, "order") for day in (0.0, 40.0, 100.0, 370.0)]
    found = section(contents_of(tmp_path, rows), "Events by m" if most == 4 else title, most)
    assert [row[0] for row in found.rows] == periods
    assert sum(int(str(row[1])) for row in found.rows) == 4


def test_of_many_types_the_commonest_have_a_column(tmp_path: Path) -> None:
    rows: Rows = [("a", 0.0, f"t{i}") for i in range(7) for _ in range(10 - i)]
    found = section(contents_of(tmp_path, rows), "Events by month")
    assert list(found.headers) == ["month", "all", "t0", "t1", "t2", "t3", "others"]
    assert found.rows == [["2020-01", 49, 10, 9, 8, 7, 15]]


def test_the_commonest_reasons_of_quarantine_come_first(tmp_path: Path) -> None:
    found = section(contents_of(tmp_path, [("a", 0.0, "order")]), "Quarantine")
    assert found.rows == [["log", "common", 7], ["other", "rare", 2], ["log", "rare", 1]]


def test_a_churn_horizon_is_written_as_a_config_takes_it(tmp_path: Path) -> None:
    half_hours = [0.0, *[1 / 48] * 9, 3 / 48]
    days = [sum(half_hours[: i + 1]) for i in range(len(half_hours))]
    contents = contents_of(tmp_path, [("a", d, "order") for d in days], clock=Clock(1 / 48))
    found = section(contents, "Churn horizon")
    assert [row[0] for row in found.rows] == ["30m", "30m"]
    assert facts(contents)["end of log"].startswith("2020-01-01 06:30:00")


def test_an_open_gap_makes_the_horizon_of_all_gaps_longer(tmp_path: Path) -> None:
    regular: Rows = [("a", float(day), "order") for day in range(0, 101, 10)]
    lost: Rows = [("bb", 0.0, "order"), ("bb", 30.0, "order")]
    found = section(contents_of(tmp_path, regular + lost), "Churn horizon")
    # 10 gaps of 10 days, one of 30, open: 0 and 70 steps; S(10) = 1 - 10/12, S(30) = S(10) / 2
    assert [row[0] for row in found.rows] == ["10d", "30d"]


def test_texts_of_the_log_obey_nothing_on_a_terminal(tmp_path: Path) -> None:
    found = section(contents_of(tmp_path, [("a", 0.0, "order\x1b[2J\nrm")]), "Events by type")
    assert found.rows[0][0] == "order?[2J?rm"
