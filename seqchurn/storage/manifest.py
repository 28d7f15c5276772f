"""Folder of a table -> its manifest, checked; and what the files are called that it speaks of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seqchurn.errors import DataError
from seqchurn.schema import SCHEMA_VERSION

__all__ = ["ANEW", "MANIFEST", "OWN", "file_name", "parts_name", "read_manifest"]

MANIFEST = "manifest.json"
ANEW = "seqchurn prepare --force, or seqchurn score --force if it is of scores"
"""What to run where a table is damaged."""

OWN = ("schema_version", "digest", "rows", "bytes", "total_rows")
"""Keys that every manifest has; the rest are facts of the writer."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """What is published: `OWN` and the facts.

    Raises:
        DataError: If there is no table, a damaged one, or one of another version of the program.
    """
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise DataError(
            f"there is no table in {folder}: expected {MANIFEST}. Run seqchurn prepare."
        ) from None
    except ValueError:
        raise DataError(f"{file} is not JSON; it was changed by hand. Run {ANEW}.") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else SCHEMA_VERSION
    if version != SCHEMA_VERSION:
        raise DataError(
            f"the table in {folder} has schema version {version}, this program reads "
            f"version {SCHEMA_VERSION}. Run seqchurn prepare to rebuild it."
        )
    if not _is_whole(manifest):
        raise DataError(
            f"{file} does not say what a manifest says; expected an object with {', '.join(OWN)}: "
            f"it was changed by hand. Run {ANEW}."
        )
    return dict(manifest)


def parts_name(digest: str) -> str:
    """Folder of the parts whose content has a digest."""
    return f"parts-{digest[:12]}"


def file_name(bucket: int) -> str:
    """File of a bucket in the folder of the parts."""
    return f"{bucket:05}.parquet"


def _is_whole(manifest: Any) -> bool:
    if not isinstance(manifest, dict) or any(key not in manifest for key in OWN):
        return False
    rows, sizes = manifest["rows"], manifest["bytes"]
    return (
        isinstance(manifest["digest"], str)
        and isinstance(rows, dict)
        and isinstance(sizes, dict)
        and rows.keys() == sizes.keys()
        and all(bucket.isdecimal() for bucket in rows)
    )
