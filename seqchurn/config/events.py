"""Section `events`: which raw logs there are and what they become together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from seqchurn.config.section import Section
from seqchurn.config.sources import CustomersSource, Source

__all__ = ["EventsConfig"]


class EventsConfig(Section):
    """Raw logs to the events table."""

    sources: list[Source] = Field(min_length=1)
    """The raw logs, each mapped to the events table; at most one of kind customers."""
    buckets: PositiveInt = 16
    """Parts that customers are hashed into: the unit of work, and what bounds memory."""

    @model_validator(mode="after")
    def _consistent(self) -> EventsConfig:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError(f"source names must differ, found {', '.join(names)}")
        tables = [s.name for s in self.sources if isinstance(s, CustomersSource)]
        if len(tables) > 1:
            raise ValueError(f"one source of kind customers is possible, found {', '.join(tables)}")
        if len(tables) == len(names):
            raise ValueError("needs a source of events beside the customers")
        types: dict[str, str] = {}
        for source in self.sources:
            for name, attribute in source.attributes.items():
                if types.setdefault(name, attribute.type) != attribute.type:
                    raise ValueError(
                        f"attribute {name} is a number in one source and a category in another"
                    )
        return self

    def attributes(self, kind: Literal["number", "category"]) -> list[str]:
        """Names of the event attributes of a type, in order of the config."""
        sources = [s for s in self.sources if not isinstance(s, CustomersSource)]
        return list(
            dict.fromkeys(n for s in sources for n, a in s.attributes.items() if a.type == kind)
        )

    def static_attributes(self, kind: Literal["number", "category"]) -> list[str]:
        """Names of the customers' attributes of a type, in order of the config."""
        sources = [s for s in self.sources if isinstance(s, CustomersSource)]
        return [n for s in sources for n, a in s.attributes.items() if a.type == kind]
