"""The text of a line that is no record -> the rule it breaks, and how.

Readers set such lines apart and go on; what is wrong is told afterwards, here, line by line.
Nothing here raises, whatever the text.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

__all__ = ["LONGEST", "Damage", "csv_damage", "json_damage", "too_long", "undecoded"]

LONGEST = 1024 * 1024
"""Bytes of a line or a value; what is longer is many records that damage has joined."""

_REPLACED = "\ufffd"
"""What readers put in place of bytes that are no UTF-8."""

_QUOTED = re.compile(r'"(?:[^"]|"")*+"')  # *+: what was taken is not given back


class Damage(NamedTuple):
    """What is wrong with a line."""

    rule: str
    reason: str


def too_long(line: str) -> Damage | None:
    """Whether a line of any format is too long to be looked into."""
    size = len(line.encode(errors="replace"))
    if size <= LONGEST:
        return None
    return Damage("line_too_long", f"the line holds {size} bytes, more than {LONGEST}")


def undecoded(line: str) -> Damage | None:
    r"""Whether a line of any format held other bytes than UTF-8; ask last: U+FFFD may be meant.

    >>> undecoded("caf\ufffd,1").reason
    'the bytes at character 4 are not UTF-8'
    """
    place = line.find(_REPLACED)
    if place < 0:
        return None
    return Damage("encoding_broken", f"the bytes at character {place + 1} are not UTF-8")


def csv_damage(line: str, fields: int, separator: str) -> Damage | None:
    """What is wrong with a line of delimited text.

    Args:
        line: Its text, without the line break.
        fields: Number of fields of the header.
        separator: Character between fields.

    >>> csv_damage('a,"b', 2, ",").reason
    'the quote that opens field 2 is not closed'
    """
    line = line.removesuffix("\r")
    plain = re.compile(f'[^"{re.escape(separator)}]*')
    place, found = 0, 0
    while True:
        found += 1
        quoted = line.startswith('"', place)
        match = (_QUOTED if quoted else plain).match(line, place)
        if match is None:
            return Damage("quotes_broken", f"the quote that opens field {found} is not closed")
        place = match.end()
        if place == len(line):
            break
        if line[place] != separator:
            how = "goes on after its closing quote" if quoted else "holds a quote and is not quoted"
            return Damage("quotes_broken", f"field {found} {how}")
        place += 1
    if found != fields:
        return Damage("field_count_wrong", f"the line has {found} fields, the header {fields}")
    return None


def json_damage(line: str) -> Damage | None:
    """What is wrong with a line that should be a JSON object.

    >>> json_damage("[1]").reason
    'the line is an array, not an object'
    """
    try:
        value = json.loads(line, parse_int=float)  # int limits the number of digits
    except json.JSONDecodeError as error:
        return Damage("json_broken", f"no JSON from character {error.pos + 1} on: {error.msg}")
    except RecursionError:
        return Damage("json_broken", "arrays or objects are nested too deeply")
    if isinstance(value, dict):
        return None
    kinds = {list: "an array", str: "a text", bool: "true or false", float: "a number"}
    kind = kinds.get(type(value), "null")
    return Damage("json_not_an_object", f"the line is {kind}, not an object")
