"""What the READMEs and the shipped configs show -> configs that can be loaded.

A block is a whole config, some of its sections, a list of sources or keys of a source; what it
leaves out is filled in.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from seqchurn.config import Config
from seqchurn.config.events import EventsConfig
from seqchurn.config.yaml_text import parse_yaml

__all__ = ["ROOT", "Block", "as_config", "shown", "source_shown"]

ROOT = Path(__file__).parents[1]

Block = dict[str, Any]

_SOURCE = {
    "name": "orders",
    "kind": "csv",
    "path": "orders.csv",
    "customer_id": "customer",
    "timestamp": "at",
    "event_type": "order",
}


def shown(document: str) -> dict[str, str]:
    """The pieces of config in a document, by the line they begin on.

    Args:
        document: Path from the root; of a README those marked yaml, and those of keys or lists.
    """
    text = (ROOT / document).read_text(encoding="utf-8")
    if not document.endswith(".md"):
        return {document: text}
    found = {}
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        language, block = match.groups()
        if language == "yaml" or (not language and re.match(r" +(- \{|\w+:)", block)):
            found[f"{document}:{text.count(chr(10), 0, match.start()) + 1}"] = block
    return found


def as_config(block: str) -> Block:
    """A whole config with what a block shows."""
    value = parse_yaml(block)
    if isinstance(value, list):
        return _filled({"events": {"sources": value}})
    if value.keys() <= Config.model_fields.keys():
        return _filled(value)
    if value.keys() <= EventsConfig.model_fields.keys():
        return _filled({"events": value})
    return _filled({"events": {"sources": [{**_SOURCE, **value}]}})


def source_shown(document: str, kind: str) -> tuple[Block, Block]:
    """The first source of a kind that a document shows, and the config it stands in."""
    configs = [as_config(block) for block in shown(document).values()]
    return next(
        (source, config)
        for config in configs
        for source in config["events"]["sources"]
        if source["kind"] == kind
    )


def _filled(config: Block) -> Block:
    events = {"sources": [_SOURCE], **config.get("events", {})}
    return {"name": "my_shop", **config, "events": events}
