"""Section `monitoring`: when what followed the scores is an alarm."""

from __future__ import annotations

from pydantic import PositiveFloat, field_validator

from seqchurn.config.section import Section
from seqchurn.config.units import Duration

__all__ = ["MonitoringConfig"]


class MonitoringConfig(Section):
    """When what followed the scores is an alarm."""

    band: list[PositiveFloat] = [0.8, 1.25]
    """Lowest and highest observed/expected, of customers who order and of order days, without an
    alarm."""
    recent: Duration = "28d"
    """Score tables that are judged together for the alarm: those so much older than the newest
    whose horizon has passed, of the same model version."""
    least_expected: PositiveFloat = 50.0
    """Fewer in a score table, both expected and observed, in the mean, are too few to judge."""
    max_quiet: Duration | None = "7d"
    """Orders that end so long before the newest score table are an alarm, too, for what is newer
    than they are cannot be judged; null: they are none."""
    since: Duration | None = "365d"
    """Score tables of moments so long before the end of the log are left alone, and with them
    horizons that are longer; null: all are judged."""

    @field_validator("band")
    @classmethod
    def _holds_one(cls, band: list[float]) -> list[float]:
        if len(band) != 2 or not band[0] < 1 < band[1]:
            raise ValueError(
                f"{band} is no band around 1; write the lowest and the highest observed/expected "
                "without an alarm, such as [0.8, 1.25]"
            )
        return band
