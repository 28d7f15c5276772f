"""Sequences -> who is in the holdout and who was treated, beside their histories.

Where a shop acts on scores, what follows them is not what would have followed: a model that rightly
foretold a loss which a coupon prevented looks wrong, and whoever learns from that log learns what
the coupon does, too. Customers who are left alone, by a choice made beforehand, still tell whether
probabilities hold. They belong to the holdout from the event that says so on, whatever is done with
them later: to leave out whoever was treated all the same would be to choose them by what they did.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.errors import ConfigError
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.waits import Clock

__all__ = ["HOLDOUT", "TREATED", "Interventions", "intervention_groups"]

_log = logging.getLogger(__name__)

HOLDOUT, TREATED = "holdout", "treated"
"""Names of cohorts."""

_HOLDOUT_DAY, _TREATMENT_DAYS = "holdout_day", "treatment_days"


@dataclass(frozen=True)
class Interventions:
    """Types of events that tell what a shop does, and to whom it does not.

    Args:
        treatment: What is done to a customer, such as a coupon sent; None: unknown.
        holdout: What puts a customer into the holdout; None: there is none.
    """

    treatment: str | None = None
    holdout: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.treatment or self.holdout)

    def add_to(
        self, histories: pl.DataFrame, sequences: pl.DataFrame, clock: Clock
    ) -> pl.DataFrame:
        """Histories with `holdout_day` (of the first such event, null) and `treatment_days` (list).

        Args:
            histories: The frame of `seqchurn.waits.histories`.
            sequences: The sequences table, with the same customers.
            clock: The grid of waits.

        Returns:
            The histories as they are where nothing is known.
        """
        if not self:
            return histories
        kind, day = pl.col(EVENT_TYPE), pl.col("day")
        found = (
            sequences.lazy()
            .select(CUSTOMER_ID, TIMESTAMP, EVENT_TYPE)
            .explode(TIMESTAMP, EVENT_TYPE)
            .filter(kind.is_in([name for name in (self.treatment, self.holdout) if name]))
            .select(CUSTOMER_ID, EVENT_TYPE, day=clock.grid(pl.col(TIMESTAMP)))
            .group_by(CUSTOMER_ID)
            .agg(
                day.filter(kind.eq_missing(self.holdout)).min().alias(_HOLDOUT_DAY),
                day.filter(kind.eq_missing(self.treatment)).alias(_TREATMENT_DAYS),
            )
            .collect()
        )
        joined = histories.join(found, on=CUSTOMER_ID, how="left", maintain_order="left")
        return joined.with_columns(pl.col(_TREATMENT_DAYS).fill_null([]))

    def check(self, histories: pl.DataFrame) -> None:
        """Check that the log knows of it; a warning tells how many of the holdout were treated.

        Args:
            histories: Of all customers, see `add_to`.

        Raises:
            ConfigError: If a type never occurs.
        """
        if not self:
            return
        untreated = pl.col(_TREATMENT_DAYS).list.len() == 0
        never = {
            "treatment": self.treatment if histories.select(untreated.all()).item() else None,
            "holdout": self.holdout if histories[_HOLDOUT_DAY].is_null().all() else None,
        }
        for key, name in never.items():
            if name is not None:
                raise ConfigError(
                    f"[interventions] {key} {name} never occurs in the log. Name a type of event "
                    "that does, or leave it out."
                )
        in_holdout = histories.filter(pl.col(_HOLDOUT_DAY).is_not_null())
        late = pl.col(_TREATMENT_DAYS).list.max() > pl.col(_HOLDOUT_DAY)
        if treated := in_holdout.select(late.sum()).item():
            _log.warning(
                "%s of %s customers of the holdout were treated (%s) after they had come into it; "
                "they stay in it, and it tells less",
                f"{treated:,}",
                f"{in_holdout.height:,}",
                self.treatment,
            )


def intervention_groups(
    known: pl.DataFrame, *, cutoff_day: float
) -> dict[str, npt.NDArray[np.bool_]]:
    """The customers of the holdout at a cutoff, and the others who were treated before it.

    Args:
        known: Histories as they stood at the cutoff, B rows.
        cutoff_day: First day not seen, in days since 1970-01-01.

    Returns:
        Name to members, of shape (B,), which do not overlap; none where histories do not know.
    """
    if _HOLDOUT_DAY not in known.columns:
        return {}
    held_out = (pl.col(_HOLDOUT_DAY) < cutoff_day).fill_null(value=False)
    treated = (pl.col(_TREATMENT_DAYS).list.min() < cutoff_day).fill_null(value=False)
    groups = known.select(held_out.alias(HOLDOUT), (treated & ~held_out).alias(TREATED))
    return {name: groups[name].to_numpy() for name in groups.columns}
