"""Histories -> what the next order drawn of a customer looks like: like one of the past.

Shapes: B customers, N events of all of them, M orders to copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.jagged import Jagged
from seqchurn.encoders import EncoderState

__all__ = ["PastOrders", "past_orders"]


@dataclass(frozen=True)
class PastOrders:
    """Orders that may be copied: the last one of each order day, which counts those before it.

    A customer without an order gets an average one at the time of day of the last event: numbers
    at their mean, categories missing. It is never that of somebody else, since scores must not
    depend on who else is scored.
    """

    first: Tensor  # (B,) int64: first of the orders of a customer, and
    count: Tensor  # (B,) int64: how many there are, >= 1
    order_code: int
    time_of_step: Tensor  # (M,) float64: days since the start of the step
    multiplicity: Tensor  # (M,)
    numbers: Tensor  # (M, 2F)
    categories: Tensor  # (M, G) int64 codes

    def event(
        self,
        customers: Tensor,
        uniform: Tensor,
        *,
        state: EncoderState,
        day: Tensor,
        wait_start: Tensor,
    ) -> EventBatch:
        """An order of each customer on a given day, shape (B, 1).

        Args:
            customers: Rows of the customers, shape (B,).
            uniform: Choose among the past orders, in (0, 1), shape (B,).
            state: Of the customers before the order.
            day: Grid days of the orders, shape (B,), float64.
            wait_start: Grid days on which the waits that end now had started, shape (B,).
        """
        count = self.count[customers]
        copied = self.first[customers] + (uniform * count).long().minimum(count - 1)  # (B,)
        time = day + self.time_of_step[copied]
        columns = {
            "time": time,
            "grid": day,
            "event_type": torch.full_like(copied, self.order_code),
            "gap_days": (time - state.last_time).float(),
            "quiet_days": (time - wait_start).float(),
            "multiplicity": self.multiplicity[copied],
            "wait_start": day,
            "next_target": torch.full_like(day, torch.inf),
            "numbers": self.numbers[copied],
            "categories": self.categories[copied],
        }
        return EventBatch(
            **{name: column.unsqueeze(1) for name, column in columns.items()},
            static_numbers=state.static_numbers,
            static_categories=state.static_categories,
            known_from=state.known_from,
        )


def past_orders(jagged: Jagged, order_code: int) -> PastOrders:
    """The orders of each customer that may be copied.

    Args:
        jagged: The histories.
        order_code: Code of the event type that is an order.
    """
    customer = torch.repeat_interleave(torch.arange(len(jagged)), jagged.lengths)  # (N,)
    is_order = jagged.event_type == order_code
    orders = torch.nonzero(is_order).squeeze(1)
    grid, owner = jagged.grid[orders], customer[orders]
    ends_day = torch.ones_like(orders, dtype=torch.bool)
    ends_day[:-1] = (grid[1:] != grid[:-1]) | (owner[1:] != owner[:-1])
    ordered = torch.zeros(len(jagged), dtype=torch.bool).index_fill(0, owner, True)
    copied = torch.zeros_like(is_order)
    copied[orders[ends_day]] = True
    copied[jagged.offsets[1:][~ordered] - 1] = True  # the last event, for its time of day only
    kept = torch.nonzero(copied).squeeze(1)  # (M,)
    count = torch.bincount(customer[kept], minlength=len(jagged))
    real = is_order[kept]
    return PastOrders(
        first=count.cumsum(0) - count,
        count=count,
        order_code=order_code,
        time_of_step=jagged.time[kept] - jagged.grid[kept],
        multiplicity=jagged.multiplicity[kept].where(real, 1.0),
        numbers=jagged.numbers[kept].where(real.unsqueeze(1), 0.0),
        categories=jagged.categories[kept].where(real.unsqueeze(1), 0),
    )
