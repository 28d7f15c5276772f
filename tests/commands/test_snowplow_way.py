"""A hundred thousand events of Snowplow, from raw lines to scores with one config."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from tests.shop import Shop
from tests.snowplow_shop import CUSTOMERS, draw_lines

EVENTS, AS_OF = 100_000, "2024-07-15"

CONFIG = {
    "name": "web",
    "store": "data",
    "events": {
        "sources": [
            {
                "name": "web",
                "kind": "snowplow",
                "path": "raw",
                "event_type_column": "se_action_or_event_name",
                "attributes": {
                    "total": {"column": "unstruct_event_com_acme_order_1.total"},
                    "price": {"column": "se_label.product.price"},
                    "sku": {"column": "contexts_com_acme_product_1.0.sku", "type": "category"},
                    "tier": {"column": "contexts_com_acme_customer_1.0.tier", "type": "category"},
                },
            }
        ]
    },
    "datasets": {"landmarks": 2},
    "encoder": {"kind": "lstm", "hidden_size": 8, "embedding_size": 2, "memories": 2},
    "training": {"cutoff": "2024-06-15", "networks": 1, "max_epochs": 1, "accelerator": "cpu"},
    "evaluation": {"horizons": ["7d"]},
}


@pytest.mark.slow
def test_raw_lines_become_scores(empty_mlflow: Path, tmp_path: Path) -> None:
    lines = draw_lines(EVENTS)
    for number in range(4):  # as the parts of a run, one with a line that was cut off
        part = tmp_path / "raw" / f"run=2024-07-{number + 1:02}" / "part-00000.tsv"
        part.parent.mkdir(parents=True)
        part.write_text("\n".join(lines[number::4]) + "\n", encoding="utf-8")
    with part.open("a", encoding="utf-8") as file:
        file.write(lines[0][:300])
    shutil.copytree(empty_mlflow, tmp_path / "data" / "mlflow")
    web = Shop(tmp_path, "web")
    web.config.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")

    web.must("prepare")
    (report,) = web.table("events").manifest()["sources"]
    counts = (report["read"], report["kept"], report["quarantined"], report["events"])
    assert counts == (EVENTS + 1, EVENTS, 1, EVENTS)
    events = web.table("events").scan().collect()
    orders = events.filter(pl.col("event_type") == "order")
    described = ("total", "sku", "tier")
    assert orders.height == sum("com.acme/order/" in line for line in lines)
    assert all(orders[name].null_count() == 0 for name in described)
    others = events.filter(pl.col("event_type") != "order")
    assert all(others[name].null_count() == others.height for name in described)
    assert (events["price"].is_not_null() == (events["event_type"] == "add_to_cart")).all()

    web.must("train")
    web.must("promote")
    web.must("score", "--as_of", AS_OF)
    scores = web.scores(AS_OF)
    assert scores.height == events["customer_id"].n_unique() >= CUSTOMERS
    assert scores["p_order_7d"].is_between(0, 1).all()
    assert scores["p_order_7d"].n_unique() > CUSTOMERS / 2
