"""The shipped DAGs in a real Airflow, whose interpreter SEQCHURN_TEST_AIRFLOW names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT

AIRFLOW = os.environ.get("SEQCHURN_TEST_AIRFLOW", "")
DAGS = ROOT / "configs" / "schedulers" / "airflow_dags.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AIRFLOW, reason="SEQCHURN_TEST_AIRFLOW names no Python with Airflow 3"),
]

TEST_RUN = """
import json, runpy, sys
from datetime import timedelta

dag = runpy.run_path(sys.argv[1])[sys.argv[2]]
for task in dag.tasks:
    task.retry_delay = timedelta(seconds=1)
print(json.dumps(str(dag.test().state)))
"""
PROGRAM = """#!/bin/sh
echo "$1" >>"$HERE/calls"
case "$1-$(grep -c "^$1$" "$HERE/calls")" in $FAILING) exit "$STATUS" ;; esac
"""
MAIL = """#!/bin/sh
echo "$2" >>"$HERE/mails"
"""


@dataclass(frozen=True)
class Scheduled:
    """Airflow in a folder of its own, with a program and a mail command that note their calls."""

    here: Path

    def test(self, dag: str, *, failing: str = "", status: int = 0) -> tuple[str, list[str]]:
        """State of a run and the verbs that ran; `failing` is a pattern such as score-1."""
        made = {"FAILING": failing, "STATUS": str(status)}
        arguments = [AIRFLOW, "-c", TEST_RUN, str(self.here / "dags" / DAGS.name), dag]
        done = self.run(arguments, **made)
        return json.loads(done.splitlines()[-1]), self.noted("calls")

    def run(self, arguments: list[str], **more: str) -> str:
        here = {"HERE": str(self.here), "SEQCHURN": str(self.here / "seqchurn")}
        place = {"AIRFLOW_HOME": str(self.here), "PATH": f"{self.here}:{os.environ['PATH']}"}
        dags = {"AIRFLOW__CORE__DAGS_FOLDER": str(self.here / "dags")}
        without = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        environment = {**os.environ, **here, **place, **dags, **without, **more}
        done = subprocess.run(
            arguments, capture_output=True, text=True, env=environment, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def noted(self, what: str) -> list[str]:
        file = self.here / what
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def scheduled(tmp_path: Path) -> Scheduled:
    for name, text in (("seqchurn", PROGRAM), ("mail", MAIL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "dags").mkdir()
    shutil.copy(DAGS, tmp_path / "dags")
    made = Scheduled(tmp_path)
    made.run([AIRFLOW, "-m", "airflow", "db", "migrate"])
    return made


@pytest.mark.parametrize(
    ("dag", "failing", "state", "calls", "mails"),
    [
        ("nightly", {}, "success", "prepare score deliver monitor", []),
        ("weekly", {}, "success", "train promote", []),
        (
            "nightly",
            {"failing": "score-[12]", "status": 5},
            "success",
            "prepare score score score deliver monitor",
            [],
        ),
        (
            "nightly",
            {"failing": "monitor-*", "status": 6},
            "failed",
            "prepare score deliver monitor",
            ["seqchurn_nightly monitor: seqchurn monitor ended with 6: see the lines above"],
        ),
        (
            "nightly",
            {"failing": "score-*", "status": 3},
            "failed",
            "prepare score",
            ["seqchurn_nightly score: seqchurn score ended with 3: see the lines above"],
        ),
    ],
    ids=["night", "week", "locked twice", "alarm", "refused"],
)
def test_airflow_runs_a_recipe_retries_what_may_help_and_pages_otherwise(
    dag: str,
    failing: dict[str, Any],
    state: str,
    calls: str,
    mails: list[str],
    scheduled: Scheduled,
) -> None:
    assert scheduled.test(dag, **failing) == (state, calls.split())
    assert scheduled.noted("mails") == mails
