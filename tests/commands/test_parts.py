from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from seqchurn.commands.parts import end_of_log, scores_store, sequences_store
from seqchurn.config import Config
from seqchurn.errors import ConfigError


def config(folder: Path, **waits: str) -> Config:
    source = {
        "kind": "csv",
        "name": "a",
        "path": "a.csv",
        "customer_id": "c",
        "timestamp": "t",
        "event_type": "order",
    }
    made = {"name": "shop", "store": folder, "events": {"sources": [source]}, "waits": waits}
    return Config.model_validate(made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log whose last order is followed by a campaign that was planned for the next year."""
    times = [datetime(2024, 1, 1), datetime(2024, 3, 5, 18), datetime(2025, 1, 1)]
    table = pl.DataFrame(
        {
            "customer_id": ["a"],
            "timestamp": [[time.replace(tzinfo=UTC) for time in times]],
            "event_type": [["order", "order", "campaign"]],
        }
    )
    with sequences_store(config(tmp_path)).publish() as writer:
        writer.write(0, table)
    return tmp_path


def date(days: float) -> str:
    return str(datetime(1970, 1, 1) + pl.select(pl.duration(days=int(days))).item())[:10]


def test_the_log_ends_after_its_last_target_not_after_an_event_that_was_planned(
    folder: Path,
) -> None:
    assert date(end_of_log(config(folder))) == "2024-03-06"


def test_the_end_of_the_log_can_be_said(folder: Path) -> None:
    assert date(end_of_log(config(folder, complete_until="2024-04-01"))) == "2024-04-01"


def test_an_end_inside_a_step_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[waits\] complete_until 2024-04-01T05:00 lies inside"):
        end_of_log(config(folder, complete_until="2024-04-01T05:00"))


def test_a_target_that_never_occurs_is_refused_with_what_there_is(folder: Path) -> None:
    with pytest.raises(ConfigError, match="ordr never occurs in the log; there are"):
        end_of_log(config(folder, target="ordr"))


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (datetime(2024, 5, 31, 22, tzinfo=UTC), "as_of=2024-06-01"),
        (datetime(2024, 6, 1, tzinfo=UTC), "as_of=2024-06-01T000000Z"),
    ],
)
def test_scores_of_a_local_midnight_lie_under_its_local_date(
    moment: datetime, name: str, tmp_path: Path
) -> None:
    store = scores_store(config(tmp_path, timezone="Europe/Berlin"), moment)
    assert store.folder.name == name
