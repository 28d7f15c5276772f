"""Who asked to be forgotten: keyed hashes of their identifiers, so that no later run reads them.

The identifiers themselves would be what must not be kept, so the file has their HMAC-SHA256 under
a random key of its own. The key stands beside them: it keeps hashes of one store from being
compared with those of another; who may read the file can still ask whether an id is among them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from seqchurn.errors import ConfigError, DataError, EnvironmentFailure
from seqchurn.events.identity.identifiers import LINKED, PLAIN_IDS, Naming
from seqchurn.events.identity.keyed import keyed, keyed_hash
from seqchurn.files import replacing
from seqchurn.schema import CUSTOMER_ID

__all__ = ["FILE_NAME", "Forgotten"]

FILE_NAME = "forgotten.json"

_OWN = pl.col(CUSTOMER_ID)


@dataclass(frozen=True)
class Forgotten:
    """Identifiers whose records are left out wherever they turn up."""

    key: bytes = field(default=b"", repr=False)
    """Under which they are hashed; empty as long as there are none."""
    hashes: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    """Identifiers, hashed, that many shared when somebody was forgotten: without that person's
    links they may be of few, and would make one customer of these."""
    naming: str = ""
    """`Naming.digest` that the identifiers were made under: under another they are not known."""

    @classmethod
    def read(cls, folder: Path) -> Forgotten:
        """Those of an events table; without a file nobody was forgotten.

        Args:
            folder: Of the events table.

        Raises:
            DataError: If the file is damaged: whom it names is unknown then, not nobody.
            EnvironmentFailure: If the disk refuses.
        """
        file = folder / FILE_NAME
        try:
            text = file.read_text(encoding="utf-8")
            written = json.loads(text)
            key, naming = str(written["key"]), str(written["naming"])
            hashes, shared = written["hashes"], written["shared"]
            checksum = _checksum(key, hashes, shared, naming)
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise EnvironmentFailure(
                f"could not read {file}: {error}. Check the disk, then run it again."
            ) from error
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _damaged(file) from None
        if written.get("checksum") != checksum:
            raise _damaged(file)
        return cls(key.encode(), frozenset(hashes), frozenset(shared), naming)

    def check(self, naming: Naming) -> None:
        """Check that identifiers are still what they were when somebody was forgotten.

        Raises:
            ConfigError: If other kinds, another order or another key would bring them back.
        """
        if self.hashes and self.naming != naming.digest:
            raise ConfigError(
                "[events] identity has changed since customers were forgotten, who could not be "
                "told any more. Change it back (order, hash_key and the key itself), or prepare "
                "into another store and run seqchurn forget there again for all of them."
            )

    def add(
        self,
        folder: Path,
        identifiers: Iterable[str],
        naming: Naming = PLAIN_IDS,
        shared: Iterable[str] = (),
    ) -> Forgotten:
        """These and more, written to the file of an events table before it returns.

        Args:
            folder: Of the events table.
            identifiers: As records carry them.
            naming: Under which they do.
            shared: Identifiers that many share by now.

        Raises:
            EnvironmentFailure: If the disk refuses; the file is then as it was.
        """
        key = self.key or secrets.token_hex(32).encode()
        more = Forgotten(
            key,
            self.hashes | {keyed_hash(who, key) for who in identifiers},
            self.shared | {keyed_hash(who, key) for who in shared},
            naming.digest,
        )
        facts = {
            "key": key.decode(),
            "hashes": sorted(more.hashes),
            "shared": sorted(more.shared),
            "naming": more.naming,
            "checksum": more.digest,
        }
        with replacing(folder / FILE_NAME) as beside:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(facts, file, indent=1)
                file.flush()
                os.fsync(descriptor)
        return more

    @property
    def digest(self) -> str:
        """What differs whenever others are forgotten; empty as long as nobody is."""
        if not self.hashes:
            return ""
        return _checksum(self.key.decode(), sorted(self.hashes), sorted(self.shared), self.naming)

    def holds(self, identifiers: pl.Expr) -> pl.Expr:
        """Whether each identifier is forgotten; never null.

        Args:
            identifiers: Text.
        """
        if not self.hashes:
            return pl.lit(False)
        return keyed(identifiers, self.key).is_in(sorted(self.hashes)).fill_null(False)

    def holds_shared(self, identifiers: pl.Expr) -> pl.Expr:
        """Whether many shared each identifier when somebody was forgotten; never null.

        Args:
            identifiers: Text.
        """
        if not self.shared:
            return pl.lit(False)
        return keyed(identifiers, self.key).is_in(sorted(self.shared)).fill_null(False)

    def holds_record(self, naming: Naming) -> pl.Expr:
        """Whether a record is of somebody forgotten, by any of its identifiers; never null.

        Args:
            naming: Under which the records were mapped.
        """
        own = self.holds(pl.col(CUSTOMER_ID))
        if not self.hashes or not naming.order:
            return own
        beside = pl.col(LINKED).list.eval(self.holds(pl.element())).list.any()
        return own | beside.fill_null(False)

    def holds_name(self, names: pl.Expr, naming: Naming) -> pl.Expr:
        """Whether each customer is forgotten, by the name that tables have; never null.

        Args:
            names: What `naming.name` and the links made of identifiers.
            naming: Under which the records were mapped.
        """
        return self.holds(naming.identifier(names))

    def theirs(self, rows: pl.LazyFrame, naming: Naming, own: pl.Expr = _OWN) -> pl.Expr | None:
        """The same as `holds_record` of rows at rest, where each identifier is hashed but once.

        Of rows in a stream that takes another pass, which costs what it saves.

        Args:
            rows: Records; their distinct identifiers fit into memory.
            naming: Under which they were mapped.
            own: What a row has as its own identifier.

        Returns:
            An expression that is never null; None: no record is.
        """
        found = self._among(rows.select(own.alias(CUSTOMER_ID)))
        theirs = [own.is_in(found).fill_null(False)] if found else []
        if naming.order and (found := self._among(rows.select(pl.col(LINKED).explode()))):
            beside = pl.col(LINKED).list.eval(pl.element().is_in(found)).list.any()
            theirs.append(beside.fill_null(False))
        return pl.any_horizontal(theirs) if theirs else None

    def _among(self, identifiers: pl.LazyFrame) -> list[str]:
        """Those of a column of identifiers that are forgotten."""
        if not self.hashes:
            return []
        once = identifiers.unique().collect()
        return once.filter(self.holds(pl.nth(0))).to_series().to_list()


def _checksum(key: str, hashes: list[str], shared: list[str], naming: str) -> str:
    return hashlib.sha256(json.dumps([key, hashes, shared, naming]).encode()).hexdigest()


def _damaged(file: Path) -> DataError:
    return DataError(
        f"{file} is damaged, so who must be forgotten is not known; nothing was read. Put it back "
        "from a backup, or remove it and run seqchurn forget again for everyone who asked for it."
    )
