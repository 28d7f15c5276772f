from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import speed
from tests.benchmarks.timing import growth, rows, scoring, starting, training
from tests.benchmarks.timing.bench import Bench
from tests.benchmarks.timing.child import MeasureError, interleaved, measure
from tests.benchmarks.timing.growth import memory_goals, slopes
from tests.benchmarks.timing.inside import clocked, found
from tests.benchmarks.timing.journey import seconds_to_converge
from tests.benchmarks.timing.page import page
from tests.benchmarks.timing.peering import peer_rows
from tests.benchmarks.timing.rows import GIB, Side, Target, row

MIB = 2**20


def test_sides_take_turns() -> None:
    calls: list[str] = []

    def side(name: str) -> Any:
        return lambda: calls.append(name) or len(calls)

    found = interleaved({"own": side("A"), "floor": side("B")}, 3)
    assert calls == ["A", "B"] * 3
    assert found == {"own": [1, 3, 5], "floor": [2, 4, 6]}


def test_a_row_holds_medians_and_how_many_times_as_long_the_project_takes() -> None:
    found = row("prepare", "s", Side([3.0, 9.0, 4.0], 2 * GIB), Side([2.0, 2.5, 1.0], GIB))
    assert (found["value"], found["floor"], found["ratio"]) == (4.0, 2.0, 2.0)
    assert (found["spread"], found["floor_spread"]) == (1.5, 0.75)
    assert (found["peak_rss_bytes"], found["floor_peak_rss_bytes"]) == (2 * GIB, GIB)
    assert (found["rounds"], found["target"], found["met"]) == (3, None, None)


def test_of_rates_the_ratio_is_one_of_times_too() -> None:
    found = row("train", "events/s", Side([80.0]), Side([100.0]), target=Target(1.25))
    assert found["ratio"] == pytest.approx(1.25)
    assert found["met"] is True


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(1.5), True),
        (Target(1.4), False),
        (Target(3.0, of="value"), True),
        (Target(2.9, of="value"), False),
        (Target(3.0, ">=", "value"), True),
        (Target(3.1, ">=", "value"), False),
    ],
)
def test_a_target_is_met_or_missed(target: Target, met: bool) -> None:
    assert row("x", "s", Side([3.0]), Side([2.0]), target=target)["met"] is met


def test_a_ratio_without_a_floor_is_not_judged() -> None:
    assert row("x", "s", Side([3.0]), target=Target(1.0))["met"] is None


def test_a_skipped_row_keeps_its_target_and_says_why() -> None:
    found = rows.skipped("peer", "not installed", Target(0.25))
    assert found.keys() == row("peer", "s", Side([1.0])).keys()
    assert (found["target"], found["met"], found["value"]) == (0.25, None, None)
    assert found["note"] == "skipped: not installed"


def test_the_page_is_aligned_and_says_what_is_met() -> None:
    found = [
        row("prepare", "s", Side([4.0, 4.4], GIB), Side([2.0, 2.0]), target=Target(1.5)),
        row("help", "CPU s", Side([0.5]), target=Target(0.6, of="value"), note="user and system"),
        rows.skipped("peer", "no module"),
    ]
    lines = page(found).splitlines()
    assert " ".join(lines[3].split()) == (
        "prepare 4.2 s 2 2.10 ratio <= 1.5 MISSED 10% / 0% 1.00 - 2"
    )
    assert " ".join(lines[4].split()) == "help 0.5 CPU s - - value <= 0.6 met 0% - - 1"
    assert lines[-2:] == ["help: user and system", "peer: skipped: no module"]
    assert len({line.find("  ", 8) > 0 for line in lines[1:6]}) == 1


def test_a_child_is_measured_by_the_operating_system_whatever_its_parent_holds() -> None:
    ballast = bytearray(400 * MIB)
    code = "x = bytearray(100 * 2**20); import time; time.sleep(.2); print('{\"n\": 1}')"
    found = measure([sys.executable, "-c", code])
    assert len(ballast) > found.peak_rss_bytes - 100 * MIB
    assert 100 * MIB < found.peak_rss_bytes < 160 * MIB
    assert 0.2 < found.seconds < 20.0
    assert 0.0 < found.cpu_seconds < found.seconds + 1.0
    assert found.told == {"n": 1}


def test_a_child_that_fails_is_told_with_its_complaint() -> None:
    with pytest.raises(MeasureError, match="no luck"):
        measure([sys.executable, "-c", "raise SystemExit('no luck')"])


@pytest.mark.slow
def test_a_verb_that_never_calls_what_is_clocked_is_told() -> None:
    inside = [sys.executable, "-m", "tests.benchmarks.timing.inside", "seqchurn.commands.train:run"]
    with pytest.raises(MeasureError, match="seqchurn.commands.train:run was never called by"):
        measure([*inside, "train", "--help"])


@pytest.mark.parametrize("place", [training._FIT, scoring._PUBLISH, starting._READ])
def test_what_is_clocked_is_where_the_verbs_look_for_it(place: str) -> None:
    holder, name = found(place)
    assert callable(getattr(holder, name))


def test_a_clock_tells_when_a_function_was_first_called_and_left() -> None:
    class Place:
        def work(self, number: int) -> int:
            return number + 1

    told = clocked(Place, "work")
    assert told == {}
    assert Place().work(1) == 2
    first = dict(told)
    assert Place().work(2) == 3
    assert told == first
    assert first["called"] <= first["returned"]


def test_networks_converge_when_their_validation_loss_is_near_the_best() -> None:
    def line(second: int, message: str) -> str:
        return json.dumps({"time": f"2026-01-01T00:00:{second:02}+00:00", "message": message})

    log = [
        line(0, "network 1 of 2"),
        line(3, "epoch 1: train/nll 9.0, validation/nll 2.0000"),
        line(7, "epoch 2: train/nll 9.0, validation/nll 1.0040"),
        line(9, "epoch 3: train/nll 9.0, validation/nll 1.0000"),
        "a line of something else",
        line(10, "network 2 of 2"),
        line(12, "epoch 1: train/nll 9.0, validation/nll -1.0000"),
        line(15, "epoch 2: train/nll 9.0, validation/nll -1.2000"),
    ]
    assert seconds_to_converge(log) == pytest.approx((7.0 + 5.0) / 2)
    at_once = [
        line(0, "2 networks, 2 at once"),
        line(2, "network 1: 20 customers learn, 3 tell when to stop; 99 events before 2026"),
        line(3, "network 2: 20 customers learn, 3 tell when to stop; 99 events before 2026"),
        line(5, "network 1: epoch 1: train/nll 9.0, validation/nll 2.0000"),
        line(8, "network 2: epoch 1: train/nll 9.0, validation/nll 1.0000"),
        line(9, "network 1: epoch 2: train/nll 9.0, validation/nll 1.0000"),
    ]
    assert seconds_to_converge(at_once) == pytest.approx((7.0 + 5.0) / 2)


def test_a_slope_of_one_grows_as_the_size_does() -> None:
    grown = [(1, 2.0), (10, 20.0), (100, 2000.0)]
    [found] = slopes([{"what": "score", "size": n, "seconds": s} for n, s in grown])
    assert found["slope"] == pytest.approx(1.5)
    assert (found["least"], found["most"]) == pytest.approx((1.0, 2.0))


def test_memory_of_prepare_is_judged_at_the_largest_size_and_against_the_second() -> None:
    peaks = [0.2, 0.4, 0.6, 0.9]
    grown = [{"what": "prepare", "peak_rss_bytes": int(peak * GIB)} for peak in peaks]
    most, times = memory_goals([*grown, {"what": "score", "peak_rss_bytes": 9 * GIB}])
    assert (most["value"], most["met"]) == (pytest.approx(0.9), True)
    assert (times["ratio"], times["met"]) == (pytest.approx(2.25), False)


def test_a_peer_that_is_not_installed_is_skipped_and_nothing_else_is_run(tmp_path: Path) -> None:
    class WithoutPeers(Bench):
        def prepared(self, store: str, events: int) -> Path:
            return self.folder / store

        def part(self, name: str, *arguments: object, python: str = sys.executable) -> Any:
            if name != "peers.export":
                raise MeasureError(f"{name}\nModuleNotFoundError: No module named 'easy_tpp'")

    found = peer_rows(WithoutPeers(tmp_path, 1_000, rounds=2))
    assert [entry["rounds"] for entry in found] == [0, 0, 0, 0]
    assert found[0]["note"] == "skipped: ModuleNotFoundError: No module named 'easy_tpp'"
    assert found[0]["target"] == 0.25


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def fake(name: str) -> Any:
    return lambda bench: [row(name, "s", Side([1.0] * bench.rounds))]


def test_only_a_whole_run_writes_the_results_that_the_project_shows(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "ROWS", {name: fake(name) for name in ("prepare", "score")})
    for arguments in (["--rows", "score"], ["--events", "9000"], ["--rounds", "1"]):
        assert speed.main(arguments) == 0
        assert [file.name for file in results.iterdir()] == ["speed-partial.json"]
    assert speed.main([]) == 0
    whole = json.loads((results / "speed.json").read_text())["rows"]
    assert [entry["what"] for entry in whole] == ["prepare", "score"]
    assert speed.main(["--large"]) == 0
    assert (results / "speed-large.json").exists()
    assert "prepare  1" in capsys.readouterr().out


def test_an_unknown_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        speed.main(["--rows", "prepare,speling"])
    assert "speling is none of prepare, train" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_benchmark_runs_on_a_small_log(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = "prepare,train,score,start,peers"
    arguments = ["--events", "4000", "--rounds", "2", "--rows", names]
    assert speed.main([*arguments, "--data_dir", str(tmp_path / "data")]) == 0
    found = json.loads((results / "speed-partial.json").read_text())["rows"]
    measured = {entry["what"] for entry in found if entry["value"] is not None}
    assert {"prepare csv", "train gru", "fill", "score", "help", "score start-up"} <= measured
    assert "took" in capsys.readouterr().out


@pytest.mark.slow
def test_growth_runs_on_small_logs(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "CUSTOMERS", growth.CUSTOMERS[1:])
    monkeypatch.setattr(growth, "WIDTHS", (8, 16))
    arguments = ["--grow", "--events", "40000", "--data_dir", str(tmp_path / "data")]
    assert speed.main(arguments) == 0
    found = json.loads((results / "growth-partial.json").read_text())
    sizes = [(entry["what"], entry["size"]) for entry in found["rows"]]
    assert sizes[:4] == [("prepare", n) for n in (800, 4_000, 16_000, 40_000)]
    assert sizes[4:] == [("score", 80), ("score", 800), ("train lstm", 8), ("train lstm", 16)]
    assert {entry["what"] for entry in found["slopes"]} == {"prepare", "score", "train lstm"}
