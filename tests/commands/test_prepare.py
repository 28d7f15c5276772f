from __future__ import annotations

from pathlib import Path

import pytest

from seqchurn.commands.prepare import run
from seqchurn.config import Config
from seqchurn.storage import BucketStore
from tests.shop import CONFIG, Shop


def test_prepare_builds_both_stores_and_says_what_became_of_every_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_text(
        "who,at,amount\na,2020-01-01,1\na,2020-01-01,1\nb,2020-01-03,2\n,2020-01-03,2\nc,x,2\n"
    )
    source = {
        "name": "orders",
        "kind": "csv",
        "path": str(tmp_path / "log.csv"),
        "customer_id": "who",
        "timestamp": "at",
        "timezone": "UTC",
        "event_type": "order",
        "where": "amount < 2 OR who IS NULL OR who = 'c'",
        "max_bad_fraction": 0.4,
        "attributes": {"amount": {"column": "amount"}},
    }
    config = Config.model_validate(
        {"name": "tiny", "store": str(tmp_path), "events": {"sources": [source]}}
    )
    run(config)
    assert capsys.readouterr().out.splitlines() == [
        "source  read  kept  duplicate  quarantined  filtered  folded away  events",
        "------  ----  ----  ---------  -----------  --------  -----------  ------",
        "orders     5     2          0            2         1            0       2",
        "read = kept + duplicate + quarantined + filtered; events = kept - folded away",
        "orders: 1 records repeat another in all mapped columns and were kept; "
        "set duplicates: drop if they are no events of their own",
        "",
        "source  quarantined for       records",
        "------  --------------------  -------",
        "orders  customer_id_missing         1",
        "orders  timestamp_unparsable        1",
        f"the records and their reasons: {tmp_path}/events/tiny/quarantine",
        "",
        "customers  1",
        "events     2: 2 order",
        "span       2020-01-01T00:00:00+00:00 to 2020-01-01T00:00:00+00:00",
        "",
        f"events     {tmp_path}/events/tiny",
        f"sequences  {tmp_path}/sequences/tiny",
    ]
    sequences = BucketStore(tmp_path / "sequences" / "tiny").scan().collect()
    assert sequences["amount"].to_list() == [[1.0, 1.0]]
    run(config, force=True)
    assert BucketStore(tmp_path / "sequences" / "tiny").scan().collect().equals(sequences)


def test_a_source_with_too_many_bad_records_stops_prepare(shop: Shop) -> None:
    shop.must("prepare")
    before = shop.tree()
    sources = [{**source, "max_bad_fraction": 0} for source in CONFIG["events"]["sources"]]
    done = shop.again("shop", events={**CONFIG["events"], "sources": sources}).run("prepare")
    assert (done.status, done.out) == (3, "")
    assert "source orders: 3 of 615 records were refused (0.49%)" in done.err
    assert "1 timestamp_unparsable, as in record 613 of orders.csv: at is yesterday" in done.err
    assert f"the refused records are in {shop.store}/events/shop/refused." in done.err
    assert "[events] source visits" not in done.err
    after = shop.tree()
    kept = {name for name in after if name.startswith("events/shop/refused/")}
    assert {name: after[name] for name in after.keys() - kept} == before
    assert len(kept) == 2


def test_of_many_reasons_to_refuse_records_those_of_most_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = "id,day,n\nc1,2020-01-01,1\n" + "".join(f"c1,2020-01-01,{n}\n" for n in range(2, 10))
    (tmp_path / "orders.csv").write_text(log, encoding="utf-8")
    sources = [
        {
            "kind": "csv",
            "name": f"orders_{least}",
            "path": str(tmp_path / "orders.csv"),
            "customer_id": "id",
            "timestamp": "day",
            "timezone": "UTC",
            "event_type": "order",
            "attributes": {"amount": {"column": "n"}},
            "rules": [{"column": "n", "min": least}],
            "max_bad_fraction": 1.0,
        }
        for least in range(2, 10)
    ]
    run(
        Config.model_validate(
            {"name": "tiny", "store": str(tmp_path), "events": {"sources": sources}}
        )
    )
    lines = capsys.readouterr().out.splitlines()
    first = next(n for n, line in enumerate(lines) if "quarantined for" in line)
    refused = [line.split() for line in lines[first + 2 : first + 8]]
    assert [(words[0], words[-1]) for words in refused] == [
        (f"orders_{least}", str(least - 1)) for least in (9, 8, 7, 6, 5, 4)
    ]
    assert lines[first + 8] == "and 2 more"
