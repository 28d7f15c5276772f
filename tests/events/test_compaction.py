"""Many small deliveries: joined now and then, which nobody sees but by what a run costs."""

from __future__ import annotations

import math
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from seqchurn.errors import DataError
from seqchurn.events import forget
from seqchurn.events.deliveries import compaction
from seqchurn.events.deliveries.compaction import piles
from tests.commands.stores import holders
from tests.events.growing_shop import Row, Shop, orders, row, state

IDENTITY: dict[str, Any] = {"order": ["user", "cookie"], "max_ids_per_customer": 3}
VISITS = orders(customer_id=None, identifiers={"user": "user", "cookie": "cookie"})


def parts(shop: Shop) -> list[Path]:
    return [*(shop.store.folder / "deliveries" / "parts").iterdir()]


def some_visits(rng: random.Random, file: str) -> list[Row]:
    """Up to four records of few people, some of them refused, and of what only this file has."""
    seen = [
        {
            **row(rng.choice(["a", "b", "c", ""]), rng.randrange(3)),
            "cookie": rng.choice(["k", "l", f"of-{file}", None]),
            "id": rng.randrange(9),
        }
        for _ in range(rng.randint(0, 3))
    ]
    return [*seen, {**row("a", at="soon"), "cookie": f"refused-{file}", "id": 1}]


CONFIGS: dict[str, tuple[Row, Row | None]] = {
    "plain": (orders(), None),
    "identity": ({**VISITS, "event_id": "id", "on_missing": "drop"}, IDENTITY),
    "folded": ({**VISITS, "fold_by": ["id"]}, IDENTITY),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_many_small_deliveries_end_in_the_state_of_one_run(name: str, tmp_path: Path) -> None:
    check_small_deliveries(name, random.Random(0), 11, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("name", CONFIGS)
def test_more_small_deliveries_end_in_the_state_of_one_run(
    name: str, seed: int, tmp_path: Path
) -> None:
    check_small_deliveries(name, random.Random(seed), 30, tmp_path)


def check_small_deliveries(name: str, rng: random.Random, count: int, tmp_path: Path) -> None:
    """Deliver small files one by one, correct and drop some, forget somebody; compare."""
    source, identity = CONFIGS[name]
    shop = Shop(tmp_path, source, identity=identity)
    shop.deliver("00.json", [row("z", cookie=None, id=1)])
    names = [f"{number:02}.json" for number in rng.sample(range(1, 90), count)]
    for number, file in enumerate(names):
        shop.deliver(file, some_visits(rng, file), damaged=["{broken"] * rng.randint(0, 1))
        if number % 5 == 4:  # a correction of what may have been joined
            shop.deliver(names[number - rng.randint(1, 4)], some_visits(rng, "corrected"))
        if number % 7 == 6 and "on_missing" in source:
            (shop.raw / names[number - 5]).unlink()
        shop.prepare()
    assert len(parts(shop)) <= 9
    assert state(shop.store) == state(shop.rebuilt())
    forget(shop.config, shop.store, [f"cookie:of-{names[0]}" if identity else "a"])
    shop.deliver("99.json", some_visits(rng, names[0]))
    anew = shop.root / "anew"
    shutil.copy(shop.store.folder / "forgotten.json", anew)
    assert state(shop.prepare()) == state(shop.prepare(anew))


@pytest.mark.parametrize("together", [2, 10**9])
def test_whether_parts_are_joined_changes_nothing(
    together: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(together)
    shop = Shop(tmp_path, VISITS, identity=IDENTITY)
    logs = {f"{number}.json": some_visits(rng, str(number)) for number in range(9)}
    for name, rows in logs.items():
        shop.deliver(name, [*rows, row("z", cookie=None)])
        shop.prepare()
    before = state(shop.store)
    for folder in (shop.store.folder, shop.raw):
        shutil.rmtree(folder)
    monkeypatch.setattr(compaction, "_TOGETHER", together)
    for name, rows in logs.items():
        shop.deliver(name, [*rows, row("z", cookie=None)])
        shop.prepare()
    assert (len(parts(shop)) == 9) == (together > 9)
    assert state(shop.store) == before


def test_what_was_replaced_is_not_carried_along(tmp_path: Path) -> None:
    shop = Shop(tmp_path, VISITS, identity=IDENTITY)
    plant = [row("PLANTED", cookie="PLANTED"), row("PLANTED", cookie=None, at="soon")]
    shop.deliver("0.json", plant)
    shop.deliver("1.json", [row("a", cookie="k")] * 2)
    shop.prepare()
    shop.deliver("0.json", [row("b", cookie="k")])
    for number in range(2, 4):
        shop.prepare()
        shop.deliver(f"{number}.json", [row("a", cookie=None), row("c", cookie=None)])
    shop.prepare()
    assert len(parts(shop)) == 1
    assert holders(shop.store.folder / "deliveries", "PLANTED") == []
    assert state(shop.store) == state(shop.rebuilt())


def test_a_part_that_is_damaged_is_told_before_it_is_joined(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for number in range(4):
        if number == 3:
            shutil.rmtree(parts(shop)[0] / "records")
        shop.deliver(f"{number}.json", [row("a")])
        if number < 3:
            shop.prepare()
    with pytest.raises(DataError, match=r"is damaged: .* seqchurn prepare --force"):
        shop.prepare()
    assert shop.prepare(force=True).manifest()["n_events"] == 4


def test_a_store_of_many_parts_is_joined_though_nothing_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(compaction, "_TOGETHER", 10**9)
        for number in range(5):
            shop.deliver(f"{number}.json", [row("a")])
            shop.prepare()
    before = state(shop.store)
    assert state(shop.prepare()) == before
    assert len(parts(shop)) == 1


@pytest.mark.parametrize("most", [1, 200, 100_000])
def test_parts_stay_few_and_each_row_is_seldom_written_anew(most: int) -> None:
    rng = random.Random(most)
    rows: dict[str, int] = {}
    written = most_parts = 0
    for day in range(1_000):
        rows[str(day)] = rng.randint(0, most)
        for joined in piles(rows):
            rows[f"{day}: {joined[0]}"] = sum(rows.pop(name) for name in joined)
            written += rows[f"{day}: {joined[0]}"]
        most_parts = max(most_parts, len(rows))
    classes = math.log(sum(rows.values()), 4) + 2
    assert most_parts <= 3 * classes + 1
    assert written <= classes * sum(rows.values())
