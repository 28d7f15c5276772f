from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqchurn.config.sources import CsvSource, CustomersSource
from seqchurn.errors import DataError
from seqchurn.events import refused_store
from seqchurn.schema import QUARANTINE, dtypes
from seqchurn.storage import BucketStore

SOUND = {"user": "a", "at": "2020-01-01", "amount": "1"}
BAD = {**SOUND, "amount": "x"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "refused" not in path.parts
    }


def refused(folder: Path) -> BucketStore:
    return refused_store(BucketStore(folder / "events"))


@pytest.mark.parametrize(("limit", "stops"), [(0.2, False), (0.19, True), (0, True), (1, False)])
def test_a_source_may_lose_its_share_of_records_and_no_more(
    limit: float, stops: bool, orders: Callable[..., Any]
) -> None:
    rows = [SOUND] * 4 + [BAD]
    if stops:
        with pytest.raises(DataError, match=r"1 of 5 records were refused \(20.00%\)"):
            orders(rows, max_bad_fraction=limit)
    else:
        assert orders(rows, max_bad_fraction=limit).report.quarantined == 1


def test_a_stopped_run_changes_nothing_and_keeps_its_refused_records_apart(
    orders: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write([SOUND] * 4 + [BAD], tmp_path / "log.csv")
    before = orders(str(file), folder=tmp_path, max_bad_fraction=0.2)
    published = tree(before.store.folder)
    write([SOUND] * 4 + [BAD] * 2, file)
    with pytest.raises(DataError, match="Nothing was published") as caught:
        orders(str(file), folder=tmp_path, max_bad_fraction=0.2)
    assert tree(before.store.folder) == published
    table = refused(tmp_path).scan().collect()
    assert dict(table.schema) == dtypes(QUARANTINE)
    assert table["record"].to_list() == [4, 5]
    assert str(caught.value).endswith(f"the refused records are in {refused(tmp_path).folder}.")
    write([SOUND] * 4 + [BAD], file)
    after = orders(str(file), folder=tmp_path, max_bad_fraction=0.2)
    assert after.refused.equals(before.refused)
    assert not refused(tmp_path).folder.exists()


def test_the_five_commonest_reasons_are_named_with_an_example_each(
    orders: Callable[..., Any],
) -> None:
    damages: list[dict[str, Any]] = [
        {"user": ""},
        {"at": ""},
        {"at": "soon"},
        {"at": "9999-12-31"},
        {"amount": "inf"},
        {"amount": "x" * 500},
    ]
    rows = [{**SOUND, **damage} for n, damage in enumerate(damages) for _ in range(n + 1)]
    with pytest.raises(DataError, match="source orders: 21 of 22 records") as caught:
        orders([SOUND, *rows], max_bad_fraction=0.5)
    first, *reasons, remedy, where = str(caught.value).splitlines()
    assert first.endswith("refused (95.45%); expected no more than max_bad_fraction, 50.00%.")
    assert [reason.split(",")[0] for reason in reasons] == [
        "  orders: 6 attribute_not_a_number",
        "  orders: 5 attribute_not_finite",
        "  orders: 4 timestamp_out_of_range",
        "  orders: 3 timestamp_unparsable",
        "  orders: 2 timestamp_missing",
    ]
    assert reasons[3] == (
        "  orders: 3 timestamp_unparsable, as in record 4 of orders.csv: at is soon, not an "
        'ISO 8601 time, or no time of the clocks in UTC, in {"user":"a","at":"soon","amount":"1"}'
    )
    assert all(len(reason) < 400 for reason in reasons)
    assert remedy == "Correct the log or the mapping, or raise max_bad_fraction of orders."
    assert where.startswith("Nothing was published; the refused records are in ")


def test_every_source_has_a_limit_of_its_own(run: Callable[..., Any], tmp_path: Path) -> None:
    log = {"customer_id": "user", "timestamp": "at", "timezone": "UTC", "event_type": "order"}
    log |= {"attributes": {"amount": {"column": "amount"}}, "max_bad_fraction": 0.4}
    rows = {"good": [SOUND] * 9 + [BAD], "half": [SOUND, BAD], "worse": [BAD] * 3}
    with pytest.raises(
        DataError, match=r"source half: 1 of 2.*\n.*\n.*\n.*source worse: 3 of 3"
    ) as e:
        run(
            *({**log, "name": name, "path": table} for name, table in rows.items()), folder=tmp_path
        )
    assert "source good" not in str(e.value)
    assert refused(tmp_path).scan().collect()["source"].to_list() == [
        "good",
        "half",
        *["worse"] * 3,
    ]


def test_by_default_one_record_in_twenty_may_be_bad() -> None:
    for kind in (CsvSource, CustomersSource):
        assert kind.model_fields["max_bad_fraction"].default == 0.05


def test_filtered_records_are_no_bad_ones(orders: Callable[..., Any]) -> None:
    done = orders([SOUND, *[{**SOUND, "amount": "2"}] * 9], where="amount < 2", max_bad_fraction=0)
    assert (done.report.kept, done.report.filtered) == (1, 9)
