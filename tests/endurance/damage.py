"""Bytes of a valid file and a seed -> bytes that are damaged in one place or a few.

What befalls files: flipped bits, lost and doubled pieces, cut ends, pieces of other files, other
line breaks and encodings; and what is worst for each format, as a quote of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import strategies as st

from tests.endurance.small_logs import KINDS, SmallLog, draw_log

__all__ = ["DAMAGES", "damaged", "damaged_logs"]

_TOKENS = (
    *(b'"', b'""', b"'", b"\n", b"\r", b"\r\n", b"\n\n", b",", b";", b"\t", b"|", b"\\", b" "),
    *(b"{", b"}", b"[", b"]", b"{}", b"null", b":", b"-", b"1e999", b"9" * 400, b"[" * 3_000),
    *(b"\x00", b"\x00" * 64, b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe9", b"\xc3", b"\xc0\x80"),
    *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x1a", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"),
    *(b'\n"', b'"\n', b'",', b',"', b'":', b"\\u", b"\\ud800", b'"\\', b"iglu:a/b/jsonschema/1"),
)

Damage = Callable[[bytes, random.Random], bytes]


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The bytes after one to three kinds of damage."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        content = rng.choice(DAMAGES)(content, rng)
    return content


@st.composite
def damaged_logs(draw: st.DrawFn) -> tuple[SmallLog, bytes]:
    """A log whose texts hypothesis writes, and its damaged bytes."""
    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    texts = draw(st.lists(st.text(alphabet, max_size=12), min_size=1, max_size=6))
    rng = draw(st.randoms(use_true_random=False))
    log = draw_log(draw(st.sampled_from(sorted(KINDS))), rng, tuple(texts))
    return log, damaged(log.content, rng)


def _place(content: bytes, rng: random.Random) -> int:
    return rng.randint(0, len(content))


def _span(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = _place(content, rng)
    return start, start + rng.choice([1, 1, 2, 5, 20, 100, 1_000])


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 8]) if content else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _delete(content: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _insert(content: bytes, rng: random.Random) -> bytes:
    place = _place(content, rng)
    return content[:place] + rng.choice(_TOKENS) + content[place:]


def _overwrite(content: bytes, rng: random.Random) -> bytes:
    place, token = _place(content, rng), rng.choice(_TOKENS)
    return content[:place] + token + content[place + len(token) :]


def _double(content: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:]


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: _place(content, rng)]


def _begin_late(content: bytes, rng: random.Random) -> bytes:
    return content[_place(content, rng) // 10 :]


def _splice(content: bytes, rng: random.Random) -> bytes:
    """Bytes of elsewhere in the file, or of no file, put in between."""
    place, (start, end) = _place(content, rng), _span(content, rng)
    piece = rng.choice([content[start:end], rng.randbytes(rng.randint(1, 200))])
    return content[:place] + piece + content[place:]


def _quotes(content: bytes, rng: random.Random) -> bytes:
    """Quotes where fields and lines begin and end: what makes one record of many."""
    borders = [n for n, byte in enumerate(content) if byte in b",;|\t\n"]
    for border in sorted(rng.sample(borders, min(len(borders), rng.randint(1, 3))), reverse=True):
        place = border + rng.randint(0, 1)
        content = content[:place] + b'"' + content[place:]
    return content


def _swap(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    one, two = (rng.randrange(len(lines)) for _ in "ab") if lines else (0, 0)
    if one != two:
        lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _repeat_line(content: bytes, rng: random.Random) -> bytes:
    """A line, often the first, which is a header, once more."""
    lines = content.split(b"\n")
    line = lines[rng.choice([0, rng.randrange(len(lines))])]
    lines.insert(rng.randint(0, len(lines)), line)
    return b"\n".join(lines)


def _other_line_breaks(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    share, end = rng.random(), rng.choice([b"\r\n", b"\r", b"\n\n", b"\r\r\n", b" \n"])
    ends = (end if rng.random() < share else b"\n" for _ in lines[1:])
    return lines[0] + b"".join(end + line for end, line in zip(ends, lines[1:], strict=True))


def _mark(content: bytes, rng: random.Random) -> bytes:
    return rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\x00"]) + content


def _other_encoding(content: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    piece = content[start:end].decode(errors="replace")
    encoding = rng.choice(["latin-1", "utf-16-le"])
    return content[:start] + piece.encode(encoding, errors="replace") + content[end:]


def _long_line(content: bytes, rng: random.Random) -> bytes:
    place, size = _place(content, rng), 1_200_000 if rng.random() < 0.02 else 70_000
    piece = rng.choice([b"x", b",", b'"', b"[", b"\\", b"\t"]) * size
    return content[:place] + piece + content[place:]


def _nothing(content: bytes, rng: random.Random) -> bytes:
    return b"" if rng.random() < 0.3 else content


DAMAGES: tuple[Damage, ...] = (
    *(_flip, _flip, _delete, _delete, _insert, _insert, _overwrite, _double, _cut, _begin_late),
    *(_splice, _quotes, _quotes, _swap, _repeat_line, _other_line_breaks, _mark),
    *(_other_encoding, _long_line, _nothing),
)
"""What `damaged` draws from."""
