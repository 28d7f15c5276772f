"""What was said of customers and what happened -> some who show where a model is wrong.

The surest of either kind, of those who had ordered before: nobody learns from a doubtful case.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from seqchurn.schema import CUSTOMER_ID

__all__ = ["Examples", "pick_examples"]

_KINDS = (
    ("would order, and did", True, True),
    ("would not order, and did not", False, False),
    ("would order, and did not", True, False),
    ("would not order, and did", False, True),
)


@dataclass(frozen=True)
class Examples:
    """Some customers.

    Args:
        rows: `kind` (what was said and what happened), `customer_id`, `probability` of an order,
            `orders` before the cutoff and `ordered`.
        horizon_days: Within which an order was asked for.
    """

    rows: pl.DataFrame
    horizon_days: float


def pick_examples(
    customers: pl.DataFrame, *, model: str, horizon_days: float, each: int = 3
) -> Examples:
    """The customers of whom the model was surest, right and wrong.

    Args:
        customers: `customer_id`, `order_days` before the cutoff, `ordered`, and the probability
            of an order in a column with the name of the model.
        model: That column.
        horizon_days: Within which an order was asked for.
        each: How many of each kind.

    Returns:
        Fewer of a kind where there are no more.
    """
    said = customers.filter(pl.col("order_days").list.len() > 0).select(
        CUSTOMER_ID,
        pl.col(model).alias("probability"),
        pl.col("order_days").list.len().alias("orders"),
        "ordered",
    )
    likely = pl.col("probability") >= 0.5
    parts = [
        said.filter(likely == wanted, pl.col("ordered") == came)
        .sort("probability", CUSTOMER_ID, descending=[wanted, False])[:each]
        .select(pl.lit(kind).alias("kind"), pl.all())
        for kind, wanted, came in _KINDS
    ]
    return Examples(pl.concat(parts), horizon_days)
