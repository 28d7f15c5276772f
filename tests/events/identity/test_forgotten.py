from __future__ import annotations

import json
import stat
from pathlib import Path

import polars as pl
import pytest

from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.events.identity import forgotten
from seqchurn.events.identity.forgotten import FILE_NAME, Forgotten
from seqchurn.events.identity.identifiers import LINKED, Naming
from seqchurn.events.identity.keyed import keyed
from seqchurn.schema import CUSTOMER_ID

PEOPLE = pl.DataFrame(
    {
        CUSTOMER_ID: ["user:7", "user:8", "anonymous:a", None],
        LINKED: [None, ["anonymous:b", "email:x"], [], ["user:9"]],
    },
    schema={CUSTOMER_ID: pl.String, LINKED: pl.List(pl.String)},
)
KINDS = Naming(("user", "email", "anonymous"))


def held(known: Forgotten, naming: Naming = KINDS) -> list[bool]:
    people = PEOPLE if naming.order else PEOPLE.drop(LINKED)
    found = people.with_columns(held=known.holds_record(naming))["held"].to_list()
    theirs = known.theirs(people.lazy(), naming)
    at_rest = pl.lit(False) if theirs is None else theirs
    assert people.with_columns(held=at_rest)["held"].to_list() == found
    return found


def test_nobody_is_forgotten_until_somebody_asks(tmp_path: Path) -> None:
    nobody = Forgotten.read(tmp_path)
    assert nobody.digest == ""
    assert held(nobody) == [False] * 4
    assert nobody.holds(pl.col("x")).meta.eq(pl.lit(False))  # costs nothing
    assert nobody.theirs(PEOPLE.lazy(), KINDS) is None
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("user:7", [True, False, False, False]),
        ("email:x", [False, True, False, False]),
        ("anonymous:a", [False, False, True, False]),
        ("user:9", [False, False, False, True]),
        ("7", [False] * 4),
    ],
)
def test_a_record_is_forgotten_by_any_of_its_identifiers(
    who: str, expected: list[bool], tmp_path: Path
) -> None:
    Forgotten().add(tmp_path, [who])
    assert held(Forgotten.read(tmp_path)) == expected


def test_without_kinds_there_is_only_the_id(tmp_path: Path) -> None:
    known = Forgotten().add(tmp_path, ["user:7", "email:x"])
    assert held(known, Naming()) == [True, False, False, False]


def test_an_identifier_is_hashed_once_however_many_records_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Forgotten().add(tmp_path, ["user:7", "email:x"])
    hashed: list[str | None] = []

    def noted(values: pl.Expr, key: bytes) -> pl.Expr:
        def note(some: pl.Series) -> pl.Series:
            hashed.extend(some)
            return some.to_frame("who").select(keyed(pl.col("who"), key)).to_series()

        return values.map_batches(note, return_dtype=pl.String)

    monkeypatch.setattr(forgotten, "keyed", noted)
    many = pl.concat([PEOPLE] * 50).lazy()
    theirs = known.theirs(many, KINDS)
    assert theirs is not None
    held = many.with_columns(held=theirs).collect()["held"].to_list()
    assert held == [True, True, False, False] * 50
    assert len(hashed) <= 8  # own and beside; null among them


def test_a_name_of_a_table_is_its_identifier_again() -> None:
    who = ["user:7", "user:user:8", "anonymous:a", "user:email:x", "email:x"]
    frame = pl.DataFrame({"who": who}).select(KINDS.identifier(KINDS.name(pl.col("who"))))
    assert frame.to_series().to_list() == who


def test_who_was_forgotten_before_stays_so(tmp_path: Path) -> None:
    first = Forgotten.read(tmp_path).add(tmp_path, ["user:7"])
    second = Forgotten.read(tmp_path).add(tmp_path, ["user:8", "user:7"])
    assert Forgotten.read(tmp_path) == second
    assert second.key == first.key
    assert second.hashes > first.hashes
    assert len(second.hashes) == 2
    assert len({"", first.digest, second.digest}) == 3
    again = Forgotten.read(tmp_path).add(tmp_path, ["user:8"])
    assert again.digest == second.digest


def test_the_file_says_no_names_and_is_for_its_owner_only(tmp_path: Path) -> None:
    Forgotten().add(tmp_path, ["user:bob@example.com"])
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]
    file = tmp_path / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "bob" not in file.read_text()


def test_two_stores_cannot_be_compared(tmp_path: Path) -> None:
    one, other = (Forgotten().add(tmp_path / name, ["user:7"]) for name in "ab")
    assert not one.hashes & other.hashes


def damages(text: str) -> list[str]:
    written = json.loads(text)
    return [
        "",
        text[: len(text) // 2],
        "[]",
        "{}",
        "null",
        json.dumps({**written, "hashes": []}),
        json.dumps({**written, "hashes": None}),
        json.dumps({**written, "key": "0" * 64}),
        json.dumps({**written, "checksum": None}),
    ]


def test_a_damaged_file_is_an_error_and_not_nobody(tmp_path: Path) -> None:
    Forgotten().add(tmp_path, ["user:7", "user:8"])
    file = tmp_path / FILE_NAME
    for damage in damages(file.read_text()):
        file.write_text(damage)
        with pytest.raises(DataError, match=r"forgotten.json is damaged.*not known.*backup"):
            Forgotten.read(tmp_path)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="damaged"):
        Forgotten.read(tmp_path)


def test_what_cannot_be_read_is_not_nobody_either(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(EnvironmentFailure, match=r"could not read .*forgotten.json"):
        Forgotten.read(tmp_path)
