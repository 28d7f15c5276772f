from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.benchmarks import accuracy
from tests.benchmarks.cells import goals
from tests.benchmarks.report import page, results_text
from tests.benchmarks.test_cells import CELL, counts

COUNTS = counts("shop", 7.0, bgnbd=[(3.0, 0.1)], network=[(1.0, 0.2), (2.0, 0.0)])
RESULTS = {
    "skipped": [{"dataset": "taobao", "reason": "no data/raw/taobao_behavior.parquet"}],
    "goals": goals([CELL], COUNTS, logs=["shop", "taobao"]),
    "cells": [CELL],
    "counts": COUNTS,
    "notes": [{"dataset": "shop", "model": "trees", "note": "no answer for 90d"}],
}


def lines_of(text: str) -> list[str]:
    """Lines with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_cell_takes_two_lines_under_each_other() -> None:
    text = page(RESULTS)
    first = lines_of(text).index(
        "shop 7d 1,200 300 log-loss .3600 .3400 - .3800 .4000 trees -.0400 [-.0600, -.0200] win"
    )
    second = "AUC .8300 .8100 - .8500 .8400 rule -.0100 [-.0300, +.0100] tie"
    assert lines_of(text)[first + 1] == second
    aligned = text.splitlines()
    assert aligned[first].index(".3600") == aligned[first + 1].index(".8300")


def test_a_metric_that_does_not_exist_is_shown_as_dashes() -> None:
    without = {key: None if key.startswith("auc") else value for key, value in CELL.items()}
    assert "AUC - - - - - -" in lines_of(page({**RESULTS, "cells": [without]}))


def test_whole_goals_are_reached_or_not() -> None:
    whole = goals([CELL], COUNTS, logs=["shop"])
    lines = lines_of(page({**RESULTS, "goals": whole}))
    assert "of 1 cells, log-loss better 1 >= 15 NO" in lines
    assert "of 1 cells, log-loss worse beyond the interval 0 <= 0 yes" in lines


def test_the_page_says_what_was_skipped_noted_counted_and_reached() -> None:
    lines = lines_of(page(RESULTS))
    assert "taobao skipped no data/raw/taobao_behavior.parquet" in lines
    assert "shop, trees: no answer for 90d" in lines
    assert "log within network bgnbd" in lines  # the network first
    assert "shop 7d 1.500 +10.0% 3.000 +10.0%" in lines
    assert "of 1 cells run, log-loss better 1 >= 15 not judged" in lines
    assert "grocery 360d AUC - >= .8900 not run" in lines


def test_results_are_json_with_one_rounded_row_a_line() -> None:
    text = results_text({"cells": [{"a": 1 / 3, "n": 2, "none": None}, {"a": 0.5}], "skipped": []})
    cells = [{"a": 0.33333, "n": 2, "none": None}, {"a": 0.5}]
    assert json.loads(text) == {"cells": cells, "skipped": []}
    assert '\n{"a": 0.5}\n' in text


def test_without_lightgbm_it_stops_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    monkeypatch.setattr(accuracy, "RESULTS", tmp_path / "results")
    assert accuracy.main(["--data_dir", str(tmp_path)]) == 2
    assert "pip install 'seqchurn[baselines]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_benchmark_without_its_logs_says_so_and_leaves_the_whole_results_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accuracy, "RESULTS", tmp_path / "results")
    asked = ["--data_dir", str(tmp_path), "--logs", "grocery", "taobao"]
    assert accuracy.main(asked) == 0
    assert "skipped" in capsys.readouterr().out
    [file] = (tmp_path / "results").iterdir()
    assert file.name == "accuracy-partial.json"
    results = json.loads(file.read_text())
    assert [row["dataset"] for row in results["skipped"]] == ["grocery", "taobao"]
    assert results["cells"] == []
