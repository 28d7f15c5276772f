"""Section `events`: which raw logs there are and what they become together."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from seqchurn.config.identity import IdentityConfig
from seqchurn.config.section import Section
from seqchurn.config.sources import CustomersSource, EventSource, LinksSource, Source

__all__ = ["EventsConfig"]


class EventsConfig(Section):
    """Raw logs to the events table."""

    identity: IdentityConfig | None = None
    """Who is who, where `customer_id` does not say it, and whether ids are hashed."""
    sources: list[Source] = Field(min_length=1)
    """The raw logs, each mapped to the events table; at most one of kind customers."""
    buckets: int = Field(default=32, ge=1, le=4096)
    """Parts that customers are hashed into: the unit of work, and what bounds memory; each is a
    file of its own in every table, of which more than 4096 cost more time than they save memory."""

    @field_validator("sources")
    @classmethod
    def _identified(cls, sources: list[Source], info: ValidationInfo) -> list[Source]:
        if "identity" not in info.data:  # it is wrong itself
            return sources
        identity: IdentityConfig | None = info.data["identity"]
        if identity is not None and identity.order:
            return [_by_identifiers(source, identity.order) for source in sources]
        for source in sources:
            _check_customer_id(source)
        return sources

    @model_validator(mode="after")
    def _consistent(self) -> EventsConfig:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError(
                f"source names must differ, found {', '.join(names)}. Rename one of those that are "
                "alike"
            )
        tables = [s.name for s in self.sources if isinstance(s, CustomersSource)]
        if len(tables) > 1:
            raise ValueError(
                f"one source of kind customers is possible, found {', '.join(tables)}. Join these "
                "tables into one, and remove the other sources"
            )
        if not any(isinstance(source, EventSource) for source in self.sources):
            raise ValueError(
                f"needs a source of events beside {', '.join(names)}. Add one, as of kind csv"
            )
        _check_types(self.sources)
        return self

    def attributes(self, kind: Literal["number", "category"]) -> list[str]:
        """Names of the event attributes of a type, in order of the config."""
        sources = [s for s in self.sources if isinstance(s, EventSource)]
        return list(
            dict.fromkeys(n for s in sources for n, a in s.attributes.items() if a.type == kind)
        )

    def static_attributes(self, kind: Literal["number", "category"]) -> list[str]:
        """Names of the customers' attributes of a type, in order of the config."""
        sources = [s for s in self.sources if isinstance(s, CustomersSource)]
        return [n for s in sources for n, a in s.attributes.items() if a.type == kind]


def _check_types(sources: list[Source]) -> None:
    """An attribute of several sources is one column, of one type."""
    first: dict[str, tuple[str, str]] = {}
    for source in sources:
        attributes = {} if isinstance(source, LinksSource) else source.attributes
        for name, attribute in attributes.items():
            of, type_there = first.setdefault(name, (source.name, attribute.type))
            if type_there != attribute.type:
                raise ValueError(
                    f"attribute {name} is a {type_there} in source {of} and a {attribute.type} in "
                    f"source {source.name}. Give both one type, or one of them another name"
                )


def _by_identifiers(source: Source, order: list[str]) -> Source:
    """The source with its identifiers, given or those of its kind, and without `customer_id`."""
    named = None if isinstance(source, LinksSource) else source.customer_id
    if named is not None and "customer_id" in source.model_fields_set:
        raise ValueError(
            f"source {source.name}: customer_id is {named}, and with identity.order identifiers "
            f"say who a customer is. Write identifiers: {{{order[0]}: {named}}} instead"
        )
    default = {kind: c for kind, c in source.default_identifiers.items() if kind in order}
    identifiers = source.identifiers or default
    if not identifiers:
        raise ValueError(
            f"source {source.name} has no identifiers, and identity.order is {', '.join(order)}. "
            f"Name their columns, as identifiers: {{{order[0]}: {order[0]}_id}}"
        )
    for kind in identifiers:
        if kind not in order:
            near = get_close_matches(kind, order, n=1)
            hint = f"Did you mean {near[0]}? If not, add" if near else "Add"
            raise ValueError(
                f"source {source.name} has identifiers of kind {kind}, and identity.order is "
                f"{', '.join(order)}. {hint} it to the order or remove it here"
            )
    nobody = {} if isinstance(source, LinksSource) else {"customer_id": None}
    return source.model_copy(update={"identifiers": identifiers, **nobody})


def _check_customer_id(source: Source) -> None:
    if source.identifiers:
        raise ValueError(
            f"source {source.name} has identifiers, and nothing says which kind names a customer. "
            f"Add identity: {{order: [{', '.join(source.identifiers)}]}} to events"
        )
    if not isinstance(source, LinksSource) and source.customer_id is None:
        raise ValueError(
            f"source {source.name} has no customer_id. Name its column, or give identifiers and "
            "the order of their kinds in events.identity"
        )
