"""Section `audiences`: named groups of customers, told by rules over the score table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema, model_validator

from seqchurn.config.audience_rules import parse_rule
from seqchurn.config.section import Section
from seqchurn.schema import SCORES

__all__ = ["Audience", "Audiences"]

_TAKEN = {*SCORES, "band", "message_id", "delivery"}
_LONGEST = 1_000
_TAKEN_STARTS = ("p_order_", "expected_orders_")


def _checked_rule(text: str) -> str:
    if len(text) > _LONGEST:
        raise ValueError(
            f"it has {len(text):,} characters; expected at most {_LONGEST:,}. Make two audiences "
            "of it"
        )
    parse_rule(text)
    return text


RuleText = Annotated[
    str,
    AfterValidator(_checked_rule),
    WithJsonSchema({"type": "string", "words": "rule such as p_churn > 0.7 and quiet_days < 30"}),
]


class Audience(Section):
    """Who is in a group, told from one delivery to the next; a rule alone is its `enter`."""

    enter: RuleText
    """Who becomes a member: columns of the score table compared with numbers or dates, joined by
    and, or, not and brackets; where a column has no value, no comparison of it holds."""
    exit: RuleText | None = None
    """Which members leave, unless `enter` holds; default: all for whom `enter` does not hold. With
    a gap between the two, as p_churn > 0.7 and p_churn < 0.6, members do not come and go."""

    @model_validator(mode="before")
    @classmethod
    def _rule_alone(cls, value: Any) -> Any:
        return {"enter": value} if isinstance(value, str) else value


def _named(audiences: Mapping[str, Audience]) -> Mapping[str, Audience]:
    """Check the names; to most databases those that differ only in case are one."""
    seen: dict[str, str] = {}
    for name in audiences:
        if not re.fullmatch(r"[A-Za-z_]\w{0,62}", name, re.ASCII):
            raise ValueError(
                f"an audience has the name {name!r}; expected up to 63 letters (A to Z), digits "
                "and _, the first no digit. Rename it, as likely_to_churn"
            )
        lower = name.lower()
        if lower in _TAKEN or lower.startswith(_TAKEN_STARTS):
            raise ValueError(
                f"an audience has the name {name}, which a column of the score table or of a "
                "message has or may have, upper and lower case being the same. Rename it, as "
                "likely_to_churn"
            )
        if lower in seen:
            raise ValueError(
                f"two audiences have the names {seen[lower]} and {name}, which differ only in "
                "upper and lower case; a database takes them for one. Rename one of them"
            )
        seen[lower] = name
    return audiences


Audiences = Annotated[dict[str, Audience], AfterValidator(_named)]
"""Audiences by name, which is the name of the column or trait that says who is a member."""
