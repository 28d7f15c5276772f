from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from seqchurn.evaluation import Outcomes, outcomes_at
from seqchurn.waits.clock import Clock

CUTOFF = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    """What followed a cutoff of a drawn log of 200 customers, which ends 40 days after it."""
    rng = np.random.default_rng(0)
    day = Clock(1.0).at(CUTOFF)
    firsts = -2 - np.arange(200) % 60
    orders = [sorted({*rng.integers(f, 40, rng.integers(0, 9)).tolist()}) for f in firsts]
    log = pl.DataFrame(
        {
            "customer_id": [str(i) for i in range(200)],
            "first_day": day + firsts.astype(float),
            "order_days": [[day + float(o) for o in days] for days in orders],
        }
    )
    return outcomes_at(
        log,
        cutoff=CUTOFF,
        horizons_days=[7.0, 28.0],
        end_day=day + 40,
        clock=Clock(1.0),
        event_counts=np.arange(200) % 4,
    )
