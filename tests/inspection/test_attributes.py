from __future__ import annotations

import polars as pl

from seqchurn.inspection.attribute_rows import attribute_rows
from seqchurn.inspection.attributes import commonest, filled_counts, value_counts

EVENTS = pl.LazyFrame(
    {
        "event_type": ["order", "order", "order", "order", "view"],
        "amount": [2.0, None, 4.0, 1.5, None],
        "channel": ["web", "shop", "web", None, "app"],
        "empty": pl.Series([None] * 5, dtype=pl.String),
    },
    schema_overrides={"amount": pl.Float32},
)
NAMES = ["amount", "channel", "empty"]


def rows(most: int = 10) -> list[list[object]]:
    filled = pl.concat(filled_counts(EVENTS, NAMES)).collect()
    values = pl.concat(value_counts(EVENTS, NAMES)).collect()
    return attribute_rows(filled, commonest(values, most), NAMES)


def test_an_attribute_is_judged_by_the_types_of_events_that_have_it() -> None:
    assert [[str(cell).strip() for cell in row] for row in rows()] == [
        ["amount", "order", "25.0%", "-", "1.5 to 4, mean 2.5"],
        ["channel", "order, view", "20.0%", "3", "web 50.0%, app 25.0%, shop 25.0%"],
        ["empty", "-", "100.0%", "-", "always missing"],
    ]


def test_attributes_of_customers_are_counted_once_a_customer() -> None:
    customers = pl.LazyFrame({"country": ["de", None, "fr"]})
    [counts] = filled_counts(customers, ["country"], of="customers")
    found = counts.select("attribute", "of", "rows", "filled").collect()
    assert found.rows() == [("country", "customers", 3, 2)]


def test_of_too_many_values_the_commonest_are_kept() -> None:
    values = pl.concat(value_counts(EVENTS, NAMES)).collect()
    assert commonest(values, 1).rows() == [("channel", "web", 2)]
