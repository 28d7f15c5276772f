"""`score` as a scheduler runs it: what refuses, and what is said."""

from __future__ import annotations

import json

import polars as pl

from tests.shop import Shop


def test_a_guard_that_refuses_ends_the_run_and_says_why_in_one_screen(trained: Shop) -> None:
    late = ["--as_of", "2024-08-01"]  # the log ends in July
    done = trained.run("score", *late)
    assert (done.status, done.out) == (3, "")
    assert "2024-08-01T00:00:00+00:00 are not published, for these guards refuse:" in done.err
    assert "staleness_hours        the newest event is of 2024-07-1" in done.err
    assert len(done.err.splitlines()) < 24
    assert not trained.table("scores", as_of="2024-08-01").exists()
    warn = ["--guards.warn", "[staleness_hours, order_staleness_hours]"]
    said = trained.run("score", *late, *warn)
    assert said.status == 0, said.err
    assert "4 of 4 buckets are scored already" in said.err
    assert trained.table("scores", as_of="2024-08-01").exists()


def test_a_table_is_compared_with_the_one_before_it(trained: Shop) -> None:
    trained.must("score", "--from", "2024-06-01", "--to", "2024-06-03")
    orders = trained.folder / "raw" / "orders.csv"
    lines = orders.read_text().splitlines(keepends=True)
    orders.write_text("".join([lines[0], *(line for line in lines[1:] if line < "c3")]))
    visits = pl.read_parquet(trained.folder / "raw" / "visits.parquet")
    visits.filter(pl.col("who") < "c3").write_parquet(trained.folder / "raw" / "visits.parquet")
    trained.must("prepare", "--force")
    done = trained.run("score", "--as_of", "2024-06-03")
    assert done.status == 3
    before = trained.scores("2024-06-02").height
    assert f"fewer than the {before} of the last table" in done.err
    for guard in ("customers_dropped", "events_dropped"):
        assert guard in done.err
    warned = trained.run(
        "score", "--as_of", "2024-06-03", "--guards.warn", "[customers_dropped, events_dropped]"
    )
    assert warned.status == 0
    assert "warning: customers_dropped: 30 customers, " in warned.err


def test_without_a_table_before_it_there_is_nothing_to_compare_with(trained: Shop) -> None:
    trained.must("score", "--as_of", "2024-06-03")  # the only other table is of a later moment
    guards = trained.table("scores", as_of="2024-06-03").manifest()["guards"]
    assert "customers_dropped" not in guards
    trained.must("score", "--as_of", "2024-06-20")
    assert trained.table("scores", as_of="2024-06-20").manifest()["guards"]["events_dropped"] == 0.0


def test_log_lines_and_last_words_are_objects_where_there_is_no_terminal(trained: Shop) -> None:
    done = trained.run("score", "--as_of", "2024-08-01", "--log_format", "auto")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert {line["run"] for line in lines} == {lines[0]["run"]}
    assert lines[-1]["exit_code"] == 3
    assert "are not published" in lines[-1]["message"]
