"""seqchurn forget after seqchurn deliver: records of deliveries, and the files that are ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from tests.commands.stores import holders
from tests.shop import Shop
from tests.sinks.tables import publish_scores, scores


def customers(file: Path) -> set[str]:
    """Customers in a file of a delivery."""
    rows = pl.read_csv(file) if file.suffix == ".csv" else pl.read_parquet(file)
    return set(rows["customer_id"])


def test_who_is_forgotten_is_forgotten_by_deliveries_too(
    open_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    crm, web = ({"kind": kind, "path": "../elsewhere"} for kind in ("csv", "parquet"))
    shop = open_shop(tmp_path / "shop", deliveries={"crm": crm, "web": web, "old": crm})
    shop.must("prepare")
    table = scores({f"c{number:02}": number / 60 for number in range(60)})
    publish_scores(shop.store / "scores" / "shop", table)
    shop.must("deliver")
    folder, files = shop.store / "deliveries" / "shop", tmp_path / "elsewhere"
    assert holders(folder / "crm", '"c02"')
    left = shop.again("shop", deliveries={"crm": crm, "web": web})  # `old` has gone
    said = left.must("forget", "--customer_id", "c02")
    assert f"delivery    1 removed: {folder / 'crm'}\n" in said
    assert f"delivery    1 removed, the other system has them still: {folder / 'old'}\n" in said
    for file in ("crm.csv", "web.parquet"):
        assert f"file        1 removed: {files / file}\n" in said
    assert holders(shop.store, '"c02"') == []
    assert customers(files / "old.csv") >= {"c01", "c02"}
    for file in ("crm.csv", "web.parquet"):
        assert "c02" not in customers(files / file)
    assert "59 rows, 0 changed, 0 gone, 0 sent" in shop.must("deliver", "--delivery", "crm")
