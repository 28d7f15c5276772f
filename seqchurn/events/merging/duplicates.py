"""Records of one source and bucket -> the same without repeats.

Records of a customer with the same given id are one. Records without an id that are alike in
all mapped columns may be real, as two orders of one day are in a day-stamped log: the config
says whether they stay.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from seqchurn.events.merging.event_ids import HASH
from seqchurn.schema import CUSTOMER_ID, EVENT_ID

__all__ = ["without_repeats"]


def without_repeats(
    records: pl.DataFrame, *, alike: Literal["keep", "drop"]
) -> tuple[pl.DataFrame, int]:
    """Drop repeated ids, and records alike in all columns if the config says so.

    Args:
        records: Hashed records of one source and bucket; of those with one id the first stays.
        alike: What to do with records without an id that are alike.

    Returns:
        The records, and how many that are alike to another were kept.
    """
    no_id = pl.col(EVENT_ID).is_null()
    if records[EVENT_ID].null_count() < records.height:
        first_of_id = pl.struct(CUSTOMER_ID, EVENT_ID).is_first_distinct()
        records = records.filter(no_id | first_of_id)
    repeats = no_id & ~pl.col(HASH).is_first_distinct()
    if alike == "drop":
        return records.filter(~repeats), 0
    return records, int(records.select(repeats.sum()).item())
