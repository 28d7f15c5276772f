"""A seed -> a small valid log of some kind: its bytes, where each record lies, how it is read.

Ids tell each record. The texts are those that trouble readers: quotes, commas, line breaks in
quotes, other scripts, nested JSON; some stand in columns that are not mapped.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.snowplow_shop import contexts, line, self_describing

__all__ = ["KINDS", "PACKINGS", "SmallLog", "draw_log", "pack"]

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda raw: gzip.compress(raw, 1),
    ".zst": lambda raw: pa.Codec("zstd").compress(raw, asbytes=True),
}
"""Ending to what packs."""

_TEXTS = (
    *("", "plain", 'he said "no"', "a, b; c", "naïve café", "Ольга 🛒", "多 bytes", "O'Neil"),
    *('"', '""', '{"a": [1, {"b": null}]}', "\\", "\\n", "tail\\", "50%", "=1+1", "[", "}{"),
    *("first\nsecond", "first\r\nsecond", 'a "quoted\nbreak", twice\n\nend', "null", "NaN"),
    *("\u2028", "\ufeff"),
)
_SHARED = {"name": "log", "max_bad_fraction": 1}
_AMOUNT = {"amount": {"column": "amount"}}
_SCHEMAS = {"snowplow": (b"iglu:com.acme/order/", b"iglu:com.acme/customer/")}
_ENDINGS = {"csv": "csv", "ndjson": "ndjson", "segment": "json", "snowplow": "tsv"}
_HEADER = ["id", "who", "at", "amount", "note", "remark"]


@dataclass(frozen=True)
class SmallLog:
    """A valid file."""

    kind: str
    header: bytes
    records: dict[str, bytes]
    """Id to all bytes of the record, with its line break; in order."""
    source: dict[str, Any]
    """Section of the config, without a path."""

    @property
    def content(self) -> bytes:
        return self.header + b"".join(self.records.values())

    def name(self, packing: str) -> str:
        return f"log.{_ENDINGS[self.kind]}{packing}"

    def intact(self, content: bytes) -> set[str]:
        """Ids of the records that stand in damaged bytes from line break to line break.

        Their neighbours may be anything. Without the header nothing in a CSV file has a meaning;
        a byte order mark before it is none of it. Without a record that speaks of a schema,
        columns of the config are missing in Snowplow's files.
        """
        content = content.removeprefix(b"\xef\xbb\xbf") if self.header else content
        if not content.startswith(self.header):
            return set()
        lines = b"\n" + content[len(self.header) :]
        found = {name for name, record in self.records.items() if b"\n" + record in lines}
        text = b"".join(self.records[name] for name in found)
        return found if all(schema in text for schema in _SCHEMAS.get(self.kind, ())) else set()

    def lines(self, content: bytes) -> int:
        """Number of lines of bytes of this kind that are not blank."""
        lines = content.decode(errors="replace").split("\n")
        if self.kind == "snowplow":  # there spaces and tabs are something
            return sum(bool(line.removesuffix("\r")) for line in lines)
        return sum(bool(line.strip()) for line in lines)


def pack(content: bytes, file: Path) -> Path:
    """Write bytes, packed as the ending of the file says."""
    file.write_bytes(PACKINGS.get(file.suffix, bytes)(content))
    return file


def draw_log(kind: str, rng: random.Random, texts: tuple[str, ...] = _TEXTS) -> SmallLog:
    """A log of 5 to 40 records.

    Args:
        kind: One of `KINDS`.
        rng: Draws everything.
        texts: What notes are drawn from.
    """
    names = [f"e{n:02}x{rng.randrange(10**6)}" for n in range(rng.randint(5, 40))]
    rows = [_row(name, rng, texts) for name in names]
    header, records, source = KINDS[kind](rows, rng)
    return SmallLog(kind, header, dict(zip(names, records, strict=True)), {**_SHARED, **source})


def _row(name: str, rng: random.Random, texts: tuple[str, ...]) -> dict[str, Any]:
    stamp = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:30:00"
    return {
        "id": name,
        "who": f"c{rng.randint(0, 9)}",
        "at": stamp + rng.choice(["", "Z", "+02:00", ".123Z"]),
        "amount": rng.choice([None, 0, -1.5, 12, 19.99, 1e9]),
        "note": rng.choice(texts),
        "remark": rng.choice(texts),
    }


_Rows = list[dict[str, Any]]
_Drawn = tuple[bytes, list[bytes], dict[str, Any]]


def _csv(rows: _Rows, rng: random.Random) -> _Drawn:
    separator, end = rng.choice(",,;\t|"), rng.choice(["\n", "\n", "\r\n"])
    style = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    last = rng.choice(["remark", "note"])  # a column that is mapped, or one that is not
    columns = [column for column in _HEADER if column != last] + [last]

    def written(values: list[Any]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=separator, lineterminator=end, quoting=style).writerow(values)
        return text.getvalue().encode()

    note = {"note": {"column": "note", "type": "category"}}
    source = {
        **{"kind": "csv", "customer_id": "who", "timestamp": "at", "timezone": "UTC"},
        **{"event_type": "order", "event_id": "id", "separator": separator},
        **{"attributes": {**_AMOUNT, **note}},
    }
    records = [written([row[column] for column in columns]) for row in rows]
    return written(columns), records, source


def _ndjson(rows: _Rows, rng: random.Random) -> _Drawn:
    source = {
        **{"kind": "ndjson", "customer_id": "who", "timestamp": "at", "timezone": "UTC"},
        **{"event_type": "order", "event_id": "id"},
        "attributes": {
            "amount": {"column": "bought.amount"},
            "note": {"column": "bought.note", "type": "category"},
        },
    }
    records = []
    for row in rows:
        bought = {"amount": row["amount"], "note": row["note"], "of": [{"sku": row["remark"]}]}
        kept = {key: row[key] for key in ("id", "who", "at", "remark")}
        records.append(_json_line({**kept, "bought": bought}, rng))
    return b"", records, source


def _segment(rows: _Rows, rng: random.Random) -> _Drawn:
    source = {
        **{"kind": "segment", "timezone": "UTC"},
        "attributes": {
            "revenue": {"column": "properties.revenue"},
            "sku": {"column": "properties.products.0.sku", "type": "category"},
        },
    }
    records = []
    for row in rows:
        kind = rng.choice(["track", "page", "identify"])
        products = [{"sku": row["note"], "name": row["remark"]}][: rng.randint(0, 1)]
        message = {
            **{"type": kind, "messageId": row["id"], "anonymousId": row["who"], "userId": None},
            **{"timestamp": row["at"], "event": "Order Completed" if kind == "track" else None},
            "context": {"page": {"path": "/a?b=\"c\"&d='e'"}, "traits": {"name": row["remark"]}},
            "properties": {"revenue": row["amount"], "products": products},
        }
        records.append(_json_line(message, rng))
    return b"", records, source


def _snowplow(rows: _Rows, rng: random.Random) -> _Drawn:
    source = {
        **{"kind": "snowplow", "event_type_column": "se_action_or_event_name"},
        "attributes": {
            "total": {"column": "unstruct_event_com_acme_order_1.total"},
            "tier": {"column": "contexts_com_acme_customer_1.0.tier", "type": "category"},
        },
    }
    records = []
    for number, row in enumerate(rows):
        order = {"total": row["amount"], "note": row["remark"]}
        fields: dict[str, Any] = {"event": "page_view", "event_name": "page_view"}
        if number % 2 == 0 or rng.random() < 0.5:
            fields = {"event": "unstruct", "event_name": "order"}
            fields["unstruct_event"] = self_describing("com.acme/order/1-0-0", order)
            fields["contexts"] = contexts(("com.acme/customer/1-0-0", {"tier": row["note"]}))
        text = line(
            app_id="shop",
            event_id=row["id"],
            domain_userid=row["who"],
            collector_tstamp=row["at"][:19].replace("T", " "),
            page_title=" ".join(row["note"].split()),
            useragent='Mozilla/5.0 (10" wide)',
            **fields,
        )
        records.append(text.encode() + b"\n")
    return b"", records, source


def _json_line(value: dict[str, Any], rng: random.Random) -> bytes:
    pairs = (",", ":") if rng.random() < 0.5 else (", ", ": ")
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=pairs)
    return text.encode() + b"\n"


KINDS: dict[str, Callable[[_Rows, random.Random], _Drawn]] = {
    "csv": _csv,
    "ndjson": _ndjson,
    "segment": _segment,
    "snowplow": _snowplow,
}
"""Kind of source to what draws header, records and config of a log."""
