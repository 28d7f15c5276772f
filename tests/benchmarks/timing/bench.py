"""What is asked of a run -> logs, configs, stores and command lines that its rows share.

Everything lies in one folder and is made once, by processes of their own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.timing.child import Measured, measure
from tests.benchmarks.timing.synthetic import END, MEAN_LENGTH, log_folder

__all__ = ["AS_OF", "MODEL", "SAMPLE_EVENTS", "Bench", "buckets_of", "customers_of"]

AS_OF = END
MODEL = "speed"
"""Registered model of all configs."""
SAMPLE_EVENTS = 500_000
"""Of the log that networks are trained on: ten thousand customers."""

_BUCKET_EVENTS = 78_125
_CUTOFF = "2025-10-01"
_CLI = "import sys; from seqchurn.cli import main; sys.exit(main())"
_PARTS = "tests.benchmarks.timing"


@dataclass(frozen=True)
class Bench:
    """Where a run puts things, and how large they are."""

    folder: Path
    """Of logs and stores."""
    events: int
    rounds: int
    peer_python: str = sys.executable
    """Interpreter of an environment with the peers."""

    @property
    def sample_events(self) -> int:
        """Size of the log that networks are trained on."""
        return min(self.events, SAMPLE_EVENTS)

    def log(self, events: int, kind: str = "parquet") -> Path:
        """Folder of a synthetic log, made if it is not there."""
        folder = log_folder(self.folder, events, kind)
        if not folder.exists():
            print(f"making a log of {events:,} events as {kind}", file=sys.stderr)
            self.part("synthetic", self.folder, events, kind)
        return folder

    def config(self, store: str, events: int, kind: str = "parquet") -> Path:
        """A config file of a synthetic log, whose tables go to a store of this name."""
        columns = {"customer_id": "customer", "timestamp": "at", "event_type_column": "what"}
        source = {"name": "log", "kind": kind, "path": str(self.log(events, kind)), **columns}
        source |= {"attributes": {"amount": {"column": "amount"}}}
        plain = {
            "name": f"log-{events}",
            "store": str(self.folder / store),
            "events": {"buckets": buckets_of(events), "sources": [source]},
            "training": {"cutoff": _CUTOFF},
            "tracking": {"model": MODEL},
            # a small log may end days before its span
            "guards": {"max_staleness_hours": None, "max_order_staleness_hours": None},
        }
        file = self.folder / f"{store}-{events}-{kind}.yaml"
        file.write_text(json.dumps(plain), encoding="utf-8")  # every JSON is YAML
        return file

    def prepared(self, store: str, events: int) -> Path:
        """Config of a synthetic log whose tables are there."""
        config = self.config(store, events)
        if not (self.folder / store / "sequences" / f"log-{events}" / "manifest.json").exists():
            print(f"preparing {events:,} events", file=sys.stderr)
            measure(self.verb("prepare", config))
        return config

    def sequences(self, store: str, events: int) -> Path:
        """Folder of the files of a prepared log's sequences."""
        [parts] = (self.folder / store / "sequences" / f"log-{events}").glob("parts-*")
        return parts

    def champion(self, store: str) -> Path:
        """Bundle of a model of one epoch on the sample, the champion of a store; made once."""
        place = self.folder / store / "champion.txt"
        if not place.exists():
            config = self.prepared(store, self.sample_events)
            print("training the model that scores", file=sys.stderr)
            measure(self.verb("train", config, "--training.max_epochs", "1"))
            measure(self.verb("promote", config, "--force", "its speed is asked, not its scores"))
            bundles = (self.folder / store / "mlflow").glob("**/bundle.json")
            newest = max(bundles, key=lambda file: file.stat().st_mtime)
            place.write_text(str(newest.parent), encoding="utf-8")
        return Path(place.read_text(encoding="utf-8"))

    def command(self, *words: str, clock: str | None = None) -> list[str]:
        """A command line of seqchurn; with a clock on one of its functions, as `module:name`."""
        start = ["-m", f"{_PARTS}.inside", clock] if clock else ["-c", _CLI]
        return [sys.executable, *start, *words]

    def verb(self, verb: str, config: Path, *flags: str, clock: str | None = None) -> list[str]:
        """A command line of a verb on a config; `clock` as for `command`."""
        return self.command(verb, "--config", str(config), *flags, clock=clock)

    def part(self, name: str, *arguments: object, python: str = sys.executable) -> Measured:
        """Run a script of the benchmark in a process of its own."""
        return measure([python, "-m", f"{_PARTS}.{name}", *map(str, arguments)])


def buckets_of(events: int) -> int:
    """Buckets of a log: those of the floor from five million events on, fewer of fewer events."""
    return min(max(events // _BUCKET_EVENTS, 1), 64)


def customers_of(events: int) -> int:
    """Customers of a synthetic log."""
    return max(events // MEAN_LENGTH, 1)
