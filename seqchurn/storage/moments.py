"""A folder of tables, one for each moment -> the tables by their moments.

    folder/as_of=2017-12-01/manifest.json
    folder/as_of=2017-12-02/unfinished    never published: there is no manifest

What lies under another name than its manifest says, as a copy does, is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from seqchurn.errors import DataError
from seqchurn.storage.manifest import MANIFEST, read_manifest
from seqchurn.storage.store import BucketStore

__all__ = ["AS_OF", "tables_by_moment"]

_log = logging.getLogger(__name__)

AS_OF = "as_of="
"""What a folder's name starts with; the moment follows."""


def tables_by_moment(
    folder: Path, instant: Callable[[str], datetime]
) -> dict[datetime, BucketStore]:
    """The tables that were ever published; warnings name copies, which lie under another name.

    Args:
        folder: With a folder per table.
        instant: Reads the moment in a name; ValueError where it is none.

    Returns:
        Moment to table, by rising moments; a table that is damaged goes by its name.
    """
    found = {}
    for place in sorted(file.parent for file in folder.glob(f"{AS_OF}*/{MANIFEST}")):
        try:
            moment = instant(place.name.removeprefix(AS_OF))
        except ValueError:
            moment = None
        if moment is None or moment != _moment_of(place, moment):
            _log.warning("left out %s, whose name does not agree with its manifest", place)
        else:
            found[moment] = BucketStore(place)
    return {moment: found[moment] for moment in sorted(found)}


def _moment_of(place: Path, otherwise: datetime) -> datetime:
    """What the manifest says."""
    try:
        return datetime.fromisoformat(read_manifest(place)["as_of"])
    except DataError:
        return otherwise
