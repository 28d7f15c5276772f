"""Columns of raw logs that are kept as attributes, and the names that these get."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator

from seqchurn.config.names import check_attribute_names
from seqchurn.config.section import Section

__all__ = ["Attribute", "Named", "StaticAttribute"]


class StaticAttribute(Section):
    """A column to keep."""

    column: str
    """Its name in the raw log."""
    type: Literal["number", "category"] = "number"
    """number: Float32, anything else goes to quarantine; category: a string."""


class Attribute(StaticAttribute):
    """A column of events to keep."""

    fold: Literal["sum", "mean", "min", "max", "first", "last", "count", "n_unique"] = "first"
    """How the values of folded line items become one, where the source has `fold_by`."""


A = TypeVar("A", bound=StaticAttribute)


def _named(attributes: dict[str, A]) -> dict[str, A]:
    check_attribute_names(attributes)
    return attributes


Named = Annotated[dict[str, A], AfterValidator(_named)]
"""Attributes by their names in the events table."""
