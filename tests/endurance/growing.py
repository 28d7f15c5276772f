"""A shop whose logs grow: raw files on disk, stores that are prepared from them, what these hold.

    shop.fill(1)      the logs of the first months, or those of one file only
    shop.fill(2)      more of them, a corrected file and one with damage
    shop.order(store) the command line that prepares a store

All stores are prepared from the same files, so that only what happened to the runs tells them
apart.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seqchurn.storage import BucketStore

__all__ = ["NOTHING", "Growing", "State", "between", "copied", "left_over", "prepare", "state"]

NAME = "shop"
_SCRIPT = "import sys; from seqchurn.cli import main; sys.exit(main())"
"""What the console script runs."""
_ROWS = 1_500
_FILES = {1: range(1, 4), 2: range(3, 6)}
"""Day on which the logs are filled to the numbers of the files that are then written."""


@dataclass(frozen=True)
class Growing:
    """The raw logs and the template of a config."""

    folder: Path

    def fill(self, day: int, numbers: Sequence[int] | None = None) -> None:
        """Write the files of a day, or some of them; file 3 is written on both.

        File 4 has a column more, so that it is read apart.
        """
        for number in _FILES[day] if numbers is None else numbers:
            rng = random.Random(10 * number + day)
            more = ("", "") if number != 4 else (",more", ",1")
            orders = [_order(rng, more[1]) for _ in range(_ROWS)]
            header = f"who,at,amount,basket,note{more[0]}\n"
            damage = f'c1,soon,1,2,x{more[1]}\nc2,"\n' * day
            _write(self.folder / f"raw/orders/{number}.csv", header + "".join(orders) + damage)
            visits = [json.dumps(_visit(rng)) + "\n" for _ in range(_ROWS)]
            _write(self.folder / f"raw/visits/{number}.ndjson", "".join(visits))
        people = "".join(f"c{n},{'de' if n % 2 else 'fr'}\n" for n in range(20 * day))
        _write(self.folder / "raw/people.csv", "who,country\n" + people)

    def order(self, store: Path) -> list[str]:
        """The words of a command line, after `seqchurn`."""
        config = self.folder / f"{hashlib.sha256(str(store).encode()).hexdigest()[:12]}.yaml"
        values = {"name": NAME, "store": str(store), "events": {"buckets": 4, "sources": _SOURCES}}
        _write(config, yaml.safe_dump(values, sort_keys=False))
        return ["prepare", "--config", str(config), "--quiet", "--log_format", "text"]


@dataclass(frozen=True)
class State:
    """Digests of what is published; empty: nothing."""

    events: str
    quarantine: str
    sequences: str
    sequences_are_of: str


NOTHING = State("", "", "", "")


def prepare(order: list[str], **popen: Any) -> subprocess.Popen[str]:
    """Start a command line in a process of its own."""
    pipe = subprocess.PIPE
    arguments = [sys.executable, "-c", _SCRIPT, *order]
    return subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True, **popen)


def readable(store: Path) -> State:
    """What a reader sees, after all of it was read and held against its manifest."""
    events = BucketStore(store / "events" / NAME)
    sequences = BucketStore(store / "sequences" / NAME)
    tables = [events, BucketStore(events.folder / "quarantine"), sequences]
    digests = [_whole(table) for table in tables]
    of = sequences.manifest()["events_digest"] if digests[2] else ""
    return State(*digests, sequences_are_of=of)


def state(store: Path) -> State:
    """What a reader sees of a store in which all tables belong together."""
    found = readable(store)
    assert found.sequences_are_of == found.events != ""
    return found


def between(store: Path, before: State, after: State) -> None:
    """Each table of a store is whole, and as it was before a run or as it is after it."""
    found = readable(store)
    assert found.events in (before.events, after.events)
    assert found.quarantine in (before.quarantine, after.quarantine)
    assert found.sequences in (before.sequences, after.sequences)
    assert found.sequences_are_of in (before.events, after.events)


def left_over(store: Path) -> list[str]:
    """What lies in a store beside tables and deliveries that count."""
    found = [path for path in store.rglob("*") if path.name == "unfinished"]
    found += [path for path in store.rglob(".*") if path.name != ".lock"]
    for ledger in store.rglob("ledger.json"):
        text = ledger.read_text(encoding="utf-8")
        found += [part for part in (ledger.parent / "parts").iterdir() if part.name not in text]
    return [str(path.relative_to(store)) for path in found]


def copied(template: Path, store: Path) -> Path:
    """A store of its own with what another holds."""
    shutil.copytree(template, store)
    return store


def _whole(table: BucketStore) -> str:
    """Digest of a table whose bytes are those that its manifest promises; empty: there is none."""
    if not (table.folder / "manifest.json").exists():
        return ""
    snapshot, digest = table.snapshot(), hashlib.sha256()
    for bucket in snapshot.buckets():
        file = snapshot.file(bucket)
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.name} {content}\n".encode())
    assert digest.hexdigest() == snapshot.digest
    heights = {str(bucket): snapshot.read(bucket).height for bucket in snapshot.buckets()}
    assert heights == snapshot.manifest["rows"]
    return snapshot.digest


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _order(rng: random.Random, more: str) -> str:
    return f"{_who(rng)},{_at(rng)},{rng.randint(1, 99)}.5,{rng.randint(1, 50)},note{more}\n"


def _visit(rng: random.Random) -> dict[str, Any]:
    return {"who": _who(rng), "at": _at(rng), "id": rng.randint(1, 9_000), "page": {"n": 3}}


def _who(rng: random.Random) -> str:
    return f"c{rng.randint(0, 60)}"


def _at(rng: random.Random) -> str:
    return f"2024-0{rng.randint(1, 9)}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z"


_SHARED = {"customer_id": "who", "timestamp": "at"}
_SOURCES: list[dict[str, Any]] = [
    {
        **{"name": "orders", "kind": "csv", "path": "raw/orders", "event_type": "order"},
        **_SHARED,
        "fold_by": ["basket"],
        "attributes": {"amount": {"column": "amount", "fold": "sum"}},
    },
    {
        **{"name": "visits", "kind": "ndjson", "path": "raw/visits", "event_type": "visit"},
        **_SHARED,
        "event_id": "id",
        "attributes": {"pages": {"column": "page.n"}},
    },
    {
        **{"name": "people", "kind": "customers", "path": "raw/people.csv", "customer_id": "who"},
        "attributes": {"country": {"column": "country", "type": "category"}},
    },
]
