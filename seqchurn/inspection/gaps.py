"""Order days -> the gaps between orders, counted by length, and their distribution.

A gap runs from an order to the next one of the same customer. The last one of each customer is
open: all that is known is that it is longer than what was seen of it. Two distributions follow.
That of the gaps that ended forgets the open ones, and so everybody who never came back. The other
is the estimate of Kaplan and Meier (1958), in which an open gap counts as far as it was seen:
S(t) = product over lengths u <= t of (1 - ended(u) / at_risk(u)), at risk the gaps that lasted at
least to u. In both a customer counts once per gap: regulars weigh more than newcomers.
"""

from __future__ import annotations

import polars as pl

from seqchurn.schema import CUSTOMER_ID

__all__ = ["CHURN_LEVEL", "gap_counts", "gap_quantile", "with_shares"]

CHURN_LEVEL = 0.9
"""Share of gaps that end within the suggested churn horizon."""

_EXACT = 4_096
"""Steps up to which lengths are exact; longer ones keep twelve binary digits, rounded down, so
that the table stays small on a grid of seconds too."""


def gap_counts(order_days: pl.LazyFrame, *, end_day: float, step_days: float) -> pl.LazyFrame:
    """Count gaps by their length.

    Args:
        order_days: As `seqchurn.inspection.counting.order_days` returns.
        end_day: First grid day after the log; orders from there on are not seen.
        step_days: Resolution of the grid, in days.

    Returns:
        Per length in whole `steps` (Int64): gaps that `ended` with an order and gaps still `open`,
        of which so many steps passed without one.
    """
    next_day = pl.col("day").shift(-1).over(CUSTOMER_ID)
    until = next_day.fill_null(end_day - step_days)  # the last step that was seen
    steps = ((until - pl.col("day")) / step_days).round().cast(pl.Int64)
    seen = order_days.filter(pl.col("day") < end_day)
    gaps = seen.select(steps=_small(steps), came=next_day.is_not_null())
    return gaps.group_by("steps").agg(ended=pl.col("came").sum(), open=(~pl.col("came")).sum())


def with_shares(gaps: pl.DataFrame) -> pl.DataFrame:
    """Add both distributions to a table of gaps.

    Args:
        gaps: Columns `steps` (ascending, each once), `ended` and `open`.

    Returns:
        The same rows with the share of gaps that are at most so long: `share_ended` of those
        that ended, 0 if none did, and `share_all` of all, by Kaplan and Meier.
    """
    lasted = pl.col("ended") + pl.col("open")
    at_risk = lasted.cum_sum(reverse=True)
    return gaps.with_columns(
        share_ended=(pl.col("ended").cum_sum() / pl.col("ended").sum()).fill_nan(0.0),
        share_all=1.0 - (1.0 - pl.col("ended") / at_risk).cum_prod(),
    )


def gap_quantile(gaps: pl.DataFrame, share: str, level: float) -> int | None:
    """The shortest length in steps that a share of the gaps does not exceed.

    Args:
        gaps: As `with_shares` returns.
        share: `share_ended` or `share_all`.
        level: The share, in (0, 1).

    Returns:
        None where the log is too short to tell, or has no gap.
    """
    reached = gaps.filter(pl.col(share) >= level - 1e-9)["steps"]
    return int(reached[0]) if len(reached) else None


def _small(steps: pl.Expr) -> pl.Expr:
    digits_lost = ((steps / _EXACT).log(2.0).floor() + 1.0).clip(lower_bound=0.0)
    unit = pl.lit(2.0).pow(digits_lost).cast(pl.Int64)
    return steps // unit * unit
