"""A whole config -> where its score tables lie.

Apart from the other parts, as the clock is, for verbs without a model.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from seqchurn.commands.clock import clock_of
from seqchurn.config import Config
from seqchurn.errors import DataError
from seqchurn.storage import AS_OF, BucketStore, Snapshot, tables_by_moment

__all__ = [
    "last_scores",
    "name_of",
    "published_scores",
    "score_folders",
    "scores_store",
    "shadow_store",
]


def scores_store(config: Config, as_of: datetime) -> BucketStore:
    """Where the score table of a moment lies."""
    return BucketStore(_folder(config) / f"{AS_OF}{name_of(config, as_of)}")


def shadow_store(config: Config, as_of: datetime) -> BucketStore:
    """Where the table of a model that scores beside the champion lies."""
    return BucketStore(_shadow_folder(config) / f"{AS_OF}{name_of(config, as_of)}")


def score_folders(config: Config) -> list[Path]:
    """All that hold score tables, a folder each."""
    return [_folder(config), _shadow_folder(config)]


def published_scores(config: Config, as_of: str | None) -> BucketStore:
    """The score table of a moment; None asks for the latest.

    Raises:
        DataError: If there is none.
    """
    moments = _moments(config)
    wanted = clock_of(config).instant(as_of) if as_of else max(moments, default=None)
    if wanted in moments:
        return moments[wanted]
    folder = _folder(config)
    what = f"of {as_of} in {folder}" if as_of else f"in {folder}"
    there = ", ".join(name_of(config, moment) for moment in sorted(moments)[-3:])
    latest = f"; the latest are {there}" if there else ""
    raise DataError(f"there is no score table {what}{latest}. Run seqchurn score first.")


def last_scores(config: Config, before: datetime) -> Snapshot | None:
    """The score table of the latest moment before one, of those that can be read."""
    moments = _moments(config)
    for moment in sorted(moments, reverse=True):
        if moment < before and moments[moment].exists():
            return moments[moment].snapshot()
    return None


def _folder(config: Config) -> Path:
    return config.store / "scores" / config.name


def _shadow_folder(config: Config) -> Path:
    return config.store / "shadow" / config.name


def _moments(config: Config) -> dict[datetime, BucketStore]:
    """Moments that a score table was published of, to the table."""
    return tables_by_moment(_folder(config), clock_of(config).instant)


def name_of(config: Config, moment: datetime) -> str:
    """The local date of a local midnight, else the UTC time."""
    local = moment.astimezone(ZoneInfo(config.waits.timezone))
    midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
    return f"{local:%Y-%m-%d}" if midnight else f"{moment.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
