"""The state of a delivery: parts become one file, and what a kill leaves does no harm."""

from __future__ import annotations

import contextlib
import errno
import os
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from seqchurn.errors import DataError, EnvironmentFailure, LockedError
from seqchurn.sinks import Delivered
from tests.sinks.tables import DAY


@pytest.fixture
def delivered(tmp_path: Path) -> Delivered:
    return Delivered(tmp_path / "deliveries" / "crm")


def batch(day: int = 0, **bands: int) -> pl.DataFrame:
    columns = {"customer_id": list(bands), "as_of": DAY + timedelta(days=day)}
    columns |= {"band": list(bands.values()), "audiences": [["them"]] * len(bands), "form": "f"}
    schema = {name: dtype for name, dtype in Delivered.EMPTY.schema.items() if name != "sure"}
    return pl.DataFrame(columns, schema_overrides=schema)


def record(delivered: Delivered, rows: pl.DataFrame) -> None:
    with delivered.recording(rows):
        pass


def bands(delivered: Delivered) -> dict[str, int | None]:
    return dict(delivered.rows().select("customer_id", "band").iter_rows())


def files(delivered: Delivered) -> list[str]:
    found = (path for path in delivered.folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(delivered.folder)) for path in found)


def test_nothing_was_told_at_first(delivered: Delivered) -> None:
    assert delivered.rows().equals(Delivered.EMPTY)
    delivered.settle()
    assert not delivered.folder.exists()


def test_a_batch_counts_as_soon_as_it_is_recorded(delivered: Delivered) -> None:
    with delivered.locked():
        record(delivered, batch(a=1, b=2))
        assert bands(Delivered(delivered.folder)) == {"a": 1, "b": 2}
        record(delivered, batch(c=3))
        assert files(delivered) == [".lock", "parts/00000000.parquet", "parts/00000001.parquet"]
        delivered.settle()
    assert files(delivered) == [".lock", "delivered.parquet"]
    assert bands(delivered) == {"a": 1, "b": 2, "c": 3}


def test_the_newest_row_of_a_customer_counts(delivered: Delivered) -> None:
    for day, row in enumerate([batch(a=1, b=2), batch(1, b=5), batch(2, a=4)]):
        record(delivered, row)
        delivered.settle()
        assert delivered.rows()["as_of"].max() == DAY if day == 0 else True
    assert bands(delivered) == {"a": 4, "b": 5}


def test_what_a_killed_run_has_left_is_taken_up_and_cleared_away(delivered: Delivered) -> None:
    record(delivered, batch(a=1, b=2))
    delivered.settle()
    killed = Delivered(delivered.folder)
    record(killed, batch(1, a=7))
    (killed.folder / "parts" / ".123.00000001.parquet").write_bytes(b"half")
    (killed.folder / ".123.delivered.parquet").write_bytes(b"half")
    assert bands(delivered) == {"a": 7, "b": 2}
    delivered.settle()
    assert bands(delivered) == {"a": 7, "b": 2}
    assert files(delivered) == ["delivered.parquet"]


def test_a_run_killed_while_it_clears_parts_away_has_lost_nothing(delivered: Delivered) -> None:
    for number in range(3):
        record(delivered, batch(**{f"c{number}": number}))
    last = (delivered.folder / "parts" / "00000002.parquet").read_bytes()
    delivered.settle()
    (delivered.folder / "parts").mkdir()
    (delivered.folder / "parts" / "00000002.parquet").write_bytes(last)
    assert bands(delivered) == {"c0": 0, "c1": 1, "c2": 2}


def test_what_was_on_its_way_is_not_sure_until_it_is_told_again(delivered: Delivered) -> None:
    def sure() -> dict[str, bool]:
        return dict(Delivered(delivered.folder).rows().select("customer_id", "sure").iter_rows())

    record(delivered, batch(a=1, b=2, c=3))
    delivered.settle()
    with contextlib.suppress(KeyboardInterrupt), delivered.recording(batch(1, b=7, d=8)):
        assert sure() == {"a": True, "b": False, "c": True, "d": False}
        raise KeyboardInterrupt
    again = Delivered(delivered.folder)
    again.settle()
    assert files(again) == ["delivered.parquet"]
    assert (bands(again), sure()) == (
        {"a": 1, "b": 2, "c": 3, "d": None},
        {"a": True, "b": False, "c": True, "d": False},
    )
    days = dict(again.rows().select("customer_id", "as_of").iter_rows())
    assert days == {"a": DAY, "c": DAY, "b": DAY + timedelta(days=1), "d": DAY + timedelta(days=1)}
    record(again, batch(2, b=2))
    assert sure() == {"a": True, "b": True, "c": True, "d": False}


def test_what_is_recorded_is_on_the_disk_before_it_takes_its_place(
    delivered: Delivered, synced: list[str]
) -> None:
    me = os.getpid()
    with delivered.recording(batch(a=1)):
        assert synced == [f".{me}.00000000.sending", "parts"]
    assert synced[2:] == [f".{me}.00000000.parquet", "parts"]
    delivered.settle()
    assert synced[4:] == [f".{me}.delivered.parquet", "crm"]


def test_a_disk_that_fails_after_batches_were_sent_is_told_as_it_is(delivered: Delivered) -> None:
    with (
        pytest.raises(EnvironmentFailure, match=r"full. What was recorded as delivered still is."),
        delivered.locked(),
    ):
        raise OSError(errno.ENOSPC, "full")


def test_who_was_told_of_a_last_time_leaves_with_the_next_day(delivered: Delivered) -> None:
    last = batch(1, a=0).with_columns(band=pl.lit(None, pl.Int32))
    for rows, known in [
        (batch(a=1, b=2), {"a": 1, "b": 2}),
        (last, {"a": None, "b": 2}),
        (batch(2, b=3), {"b": 3}),
    ]:
        record(delivered, rows)
        delivered.settle()
        assert bands(delivered) == known


def test_another_run_is_kept_out(delivered: Delivered) -> None:
    with (
        delivered.locked(),
        pytest.raises(LockedError, match="another run is delivering by .*crm. Wait until it has"),
        Delivered(delivered.folder).locked(),
    ):
        pass


@pytest.mark.parametrize("content", [b"noise", b""])
def test_a_damaged_file_is_told(content: bytes, delivered: Delivered) -> None:
    record(delivered, batch(a=1))
    delivered.settle()
    (delivered.folder / "delivered.parquet").write_bytes(content)
    with pytest.raises(DataError, match="delivered.parquet is damaged .* to deliver everybody ane"):
        delivered.rows()


def test_a_damaged_note_of_a_batch_is_told(delivered: Delivered) -> None:
    with contextlib.suppress(KeyboardInterrupt), delivered.recording(batch(a=1)):
        raise KeyboardInterrupt
    (delivered.folder / "parts" / "00000000.sending").write_bytes(b"noise")
    with pytest.raises(DataError, match="00000000.sending is damaged"):
        delivered.rows()


def test_a_file_without_the_columns_is_told(delivered: Delivered) -> None:
    delivered.folder.mkdir(parents=True)
    batch(a=1).drop("band").write_parquet(delivered.folder / "delivered.parquet")
    with pytest.raises(DataError, match="delivered.parquet is damaged .*band"):
        delivered.rows()


def test_who_is_forgotten_is_in_no_file(delivered: Delivered) -> None:
    record(delivered, batch(a=1, b=2))
    delivered.settle()
    record(delivered, batch(1, a=3, c=4))
    assert delivered.forget(pl.col("customer_id") == "a") == 1
    assert bands(delivered) == {"b": 2, "c": 4}
    assert files(delivered) == ["delivered.parquet"]
    assert delivered.forget(pl.col("customer_id") == "a") == 0
