"""Section `events.identity`: by which identifiers a customer is known, and whether they are hashed.

A source says which of its columns hold which kind of identifier; here stands which kinds there
are, and which of them names a customer.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from seqchurn.config.section import Section

__all__ = ["Identifiers", "IdentityConfig"]

Kind = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_]+$",
        json_schema_extra={"words": "text of letters, digits and _"},
    ),
]


def _listed(columns: Any) -> Any:
    return [columns] if isinstance(columns, str) else columns


Columns = Annotated[
    list[str],
    BeforeValidator(_listed),
    Field(min_length=1, json_schema_extra={"words": "column or list of columns"}),
]

Identifiers = dict[str, Columns]
"""Kind of identifier to the columns that hold one, in YAML one column or a list of several."""


class IdentityConfig(Section):
    """Who is who: identifiers that were seen together are of one customer."""

    order: list[Kind] = []
    """Kinds of identifiers; an identifier of the first kind, if there is one, names the customer.
    Empty: `customer_id` of the sources does."""
    max_ids_per_customer: PositiveInt = 20
    """Other identifiers that one may be linked to; the links of one with more, as of a shared
    kiosk, are reported and not followed."""
    hash_key: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        json_schema_extra={"words": "name of an environment variable"},
    )
    """Environment variable with a secret of 16 bytes or more, under which identifiers are hashed
    before anything is stored; default: they are stored as they are."""

    @model_validator(mode="after")
    def _says_something(self) -> IdentityConfig:
        if len(set(self.order)) < len(self.order):
            raise ValueError(f"order names a kind twice: {', '.join(self.order)}")
        if not self.order and self.hash_key is None:
            raise ValueError(
                "needs order (kinds of identifiers, as [user, anonymous]), hash_key (the name of "
                "an environment variable) or both"
            )
        return self
