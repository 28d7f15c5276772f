"""What is an alarm, and what it says."""

from __future__ import annotations

import pytest

from seqchurn.errors import AlarmError
from seqchurn.scoring import band_alarm, check_alarms, monitor, quiet_alarm
from tests.scoring.test_monitor import BAND, judged


def test_an_alarm_names_version_horizon_numbers_and_band_and_what_to_do() -> None:
    found = monitor([judged(0, observed=50), judged(2, observed=70)], BAND)
    lines = band_alarm(found.latest, BAND).splitlines()
    assert lines == [
        "observed/expected is not inside [monitoring] band 0.8 to 1.25:",
        "  shop version 1, within 7d, 2 table(s) as of 2024-01-01 to 2024-01-03: customers who "
        "order, 120 observed, 200.0 expected, ratio .6000",
        "Look at the data first, with seqchurn inspect: a source that came twice looks like this, "
        "or one of several that stopped.",
        "If it is whole, customers have changed: run seqchurn train and seqchurn promote.",
    ]
    assert band_alarm(monitor([judged(0)], BAND).latest, BAND) == ""


def test_orders_where_none_was_expected_are_an_alarm_without_a_ratio() -> None:
    found = monitor([judged(0, observed=60, customers_expected=0.0)], BAND)
    assert "60 observed, 0.0 expected, ratio -\n" in band_alarm(found.latest, BAND)


def test_orders_that_end_too_long_before_the_newest_scores_are_an_alarm_with_both_dates() -> None:
    assert quiet_alarm(19_007.0, 19_000.0, "7d") == ""
    assert quiet_alarm(19_008.0, 19_000.0, None) == ""
    lines = quiet_alarm(19_008.0, 19_000.0, "7d").splitlines()
    assert lines[0] == (
        "orders are known before 2022-01-08 and no further, 8d before the newest score table, as "
        "of 2022-01-16; [monitoring] max_quiet is 7d."
    )
    assert "the source of orders has stopped, or [waits] complete_until ends the log." in lines[1]


def test_alarms_are_raised_together() -> None:
    check_alarms("", "")
    with pytest.raises(AlarmError, match="^one\\n\\ntwo$") as alarm:
        check_alarms("one", "", "two")
    assert alarm.value.exit_code == 6
