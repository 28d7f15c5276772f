from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.shop import Opened, Shop

FROM_TO = ["--from", "2024-06-01", "--to", "2024-06-15"]


@pytest.fixture(scope="module")
def regular(whole_way: Opened) -> str:
    """A customer with many orders."""
    sequences = whole_way.table("sequences").scan().collect()
    return str(sequences.sort(pl.col("timestamp").list.len())["customer_id"][-1])


def told(said: str) -> tuple[list[float], float]:
    """The changes of the parts and of all of it, as printed."""
    lines = said.splitlines()
    rule = next(i for i, line in enumerate(lines) if line.startswith("---"))
    numbers = [float(line.split()[-1]) for line in lines[rule + 1 :]]
    return numbers[:-1], numbers[-1]


def test_the_change_is_told_part_by_part_and_adds_up(trained: Shop, regular: str) -> None:
    said = trained.must("explain", "--customer_id", regular, *FROM_TO)
    lines = said.splitlines()
    assert lines[0] == f"p_churn of customer {regular}, no order within 28 days"
    before, after = (float(line.split()[1]) for line in lines[1:3])
    parts, whole = told(said)
    assert whole == pytest.approx(after - before, abs=2e-4)
    assert sum(parts) == pytest.approx(whole, abs=1e-3)  # of numbers with four digits
    published = trained.scores("2024-06-15").filter(pl.col("customer_id") == regular)
    assert after == pytest.approx(published["p_churn"].item(), abs=1e-4)


def test_the_models_are_those_that_scored(trained: Shop, regular: str) -> None:
    trained.must("score", "--as_of", "2024-06-01")
    trained.must("train", "--training.seed", "1")
    trained.must("promote")
    trained.must("score", "--as_of", "2024-06-15")
    lines = trained.must("explain", "--customer_id", regular, *FROM_TO).splitlines()
    assert lines[1].endswith("by models:/shop/1")
    assert lines[2].endswith("by models:/shop/2")


def test_the_curves_are_drawn(trained: Shop, regular: str, tmp_path: Path) -> None:
    picture = tmp_path / "why.png"
    said = trained.must("explain", "--customer_id", regular, *FROM_TO, "--chart", str(picture))
    assert f"chart  {picture}" in said
    assert picture.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("flags", "status", "complaint"),
    [
        (FROM_TO, 2, "explains one customer, and 0 are given; give one --customer_id."),
        (["--customer_id", "c01"], 2, "needs two moments to compare; give --from and --to."),
        (["--customer_id", "c01", "--to", "2024-06-01"], 2, "--from and --to need each other."),
        (["--customer_id", "nobody", *FROM_TO], 3, "no customer nobody is in the sequences."),
        (
            ["--customer_id", "c01", "--from", "2024-06-15", "--to", "2024-06-01"],
            2,
            "--from 2024-06-15 is not before --to 2024-06-01. Give a later --to.",
        ),
        (
            ["--customer_id", "c01", *FROM_TO, "--chart", "why.gif"],
            2,
            "--chart why.gif is no picture that can be written; expected .png or .svg.",
        ),
    ],
)
def test_what_cannot_be_explained(
    flags: list[str], status: int, complaint: str, trained: Shop
) -> None:
    done = trained.run("explain", *flags)
    assert (done.status, done.out) == (status, ""), done.err
    assert complaint in done.err
