from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from seqchurn.commands.moments import _today
from seqchurn.waits import Clock


@pytest.mark.parametrize("step_days", [1.0, 1 / 24, 1 / 86_400])
def test_scores_are_as_of_the_local_midnight_that_begins_today(step_days: float) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    before = datetime.now(zone).date()
    local = _today(Clock(step_days, "Asia/Tokyo")).astimezone(zone)
    assert local.date() in (before, datetime.now(zone).date())
    assert (local.hour, local.minute, local.second) == (0, 0, 0)


def test_on_a_longer_grid_today_is_the_start_of_the_running_step() -> None:
    clock = Clock(7.0, "UTC")
    moment = _today(clock)
    assert clock.is_on_grid(moment)
    assert 0 <= (datetime.now(ZoneInfo("UTC")) - moment).days < 7
