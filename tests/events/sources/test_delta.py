from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.config.sources import DeltaSource
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.events.sources import delta

ORDERS = {
    "name": "orders",
    "kind": "delta",
    "customer_id": "user",
    "timestamp": "at",
    "event_type": "order",
    "attributes": {"amount": {"column": "basket.amount"}},
}


def rows(*users: str | None) -> pl.DataFrame:
    size = len(users)
    return pl.DataFrame(
        {
            "user": pl.Series(users, dtype=pl.String),
            "at": [datetime(2020, 1, 1, hour, tzinfo=UTC) for hour in range(size)],
            "basket": [{"amount": 1.5}] * size,
            "country": [user and user.upper() for user in users],
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A table partitioned by country, with two versions."""
    path = tmp_path / "orders"
    rows("a", None, "b").write_delta(path, delta_write_options={"partition_by": ["country"]})
    rows("c").write_delta(path, mode="append")
    return path


def test_a_table_gives_the_events_of_its_newest_version(
    lake: Path, run: Callable[..., Any]
) -> None:
    done = run({**ORDERS, "path": str(lake)})
    assert done.table.select("customer_id", "amount").rows() == [("a", 1.5), ("b", 1.5), ("c", 1.5)]
    assert done.table["timestamp"][1] == datetime(2020, 1, 1, 2, tzinfo=UTC)
    assert (done.report.read, done.report.kept, done.report.quarantined) == (4, 3, 1)
    (refused,) = done.refused.to_dicts()
    assert (refused["file"], refused["rule"]) == (f"{lake}@1", "customer_id_missing")


def test_an_older_version_can_be_read(lake: Path, run: Callable[..., Any]) -> None:
    done = run({**ORDERS, "path": str(lake), "version": 0})
    assert done.table["customer_id"].to_list() == ["a", "b"]


def test_rows_that_were_deleted_in_the_table_are_gone(lake: Path, run: Callable[..., Any]) -> None:
    from deltalake import DeltaTable

    DeltaTable(lake).delete("user = 'a'")
    assert run({**ORDERS, "path": str(lake)}).table["customer_id"].to_list() == ["b", "c"]


def test_the_version_tells_a_change_and_times_of_files_do_not(
    lake: Path, run: Callable[..., Any], tmp_path: Path
) -> None:
    source = {**ORDERS, "path": str(lake)}

    def inputs(**changes: Any) -> str:
        done = run({**source, **changes}, folder=tmp_path / "store")
        return str(done.store.manifest()["inputs"])

    newest, first = inputs(), inputs(version=0)
    for file in lake.rglob("*"):
        file.touch()
    assert inputs() == newest
    rows("d").write_delta(lake, mode="append")
    assert inputs() != newest
    assert inputs(version=0) == first


def test_another_table_in_the_same_folder_is_told(lake: Path, tmp_path: Path) -> None:
    source = DeltaSource.model_validate({**ORDERS, "path": str(lake), "version": 0})
    before = delta.state(source)
    lake.rename(tmp_path / "old")
    rows("z").write_delta(lake)
    assert delta.state(source) != before


def test_what_cannot_be_opened_is_an_error_of_the_config(
    lake: Path, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"no Delta table at .*none.*Correct its path"):
        run({**ORDERS, "path": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match=r"orders, version 9, cannot be opened"):
        run({**ORDERS, "path": str(lake), "version": 9})
    with pytest.raises(ConfigError, match="no column usr. Did you mean user"):
        run({**ORDERS, "path": str(lake), "customer_id": "usr"})
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(ConfigError, match=r"pip install 'seqchurn\[lake\]'"):
        run({**ORDERS, "path": str(lake)})


def test_a_storage_that_does_not_answer_may_answer_later(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import deltalake

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("connection refused\nand more")

    monkeypatch.setattr(deltalake, "DeltaTable", refuse)
    with pytest.raises(EnvironmentFailure, match=r"s3://b/t cannot be reached \(connection ref"):
        run({**ORDERS, "path": "s3://b/t"})


def test_a_version_that_comes_while_a_run_reads_is_for_the_next(
    lake: Path, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = delta.state

    def growing(source: DeltaSource) -> tuple[str, list[str]]:
        found = asked(source)
        rows("late").write_delta(lake, mode="append")
        return found

    source = {**ORDERS, "path": str(lake)}
    with monkeypatch.context() as patched:
        patched.setattr(delta, "state", growing)
        first = run(source, folder=tmp_path / "store").table["customer_id"].to_list()
    assert "late" not in first
    assert "late" in run(source, folder=tmp_path / "store").table["customer_id"].to_list()
