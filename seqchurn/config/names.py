"""Names that a config gives: of sources, and of the columns that attributes become."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

__all__ = ["SourceName", "check_attribute_names"]

_OURS = ("seqchurn:", "raw:", "fold:")
"""What the names of columns begin with that stand beside the attributes for a while."""

SourceName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9 _.-]{0,99}$",
        json_schema_extra={
            "words": "up to 100 letters (A to Z), digits, spaces, dots, - and _; the first no dot "
            "or space"
        },
    ),
]
"""A folder on the disk has the name."""


def check_attribute_names(names: Iterable[str]) -> None:
    """Check that attributes can be columns of the events table.

    Raises:
        ValueError: One has no name, or one that begins like columns in between.
    """
    for name in names:
        if not name.strip():
            raise ValueError(
                f"an attribute has the name {name!r}; a column needs a name. Write one, as amount"
            )
        ours = next((start for start in _OURS if name.startswith(start)), None)
        if ours is not None:
            raise ValueError(
                f"attribute {name} begins with {ours}, which marks columns of seqchurn itself. "
                f"Write another name, as {name.removeprefix(ours) or 'amount'}"
            )
