"""What the shipped schedulers run is what the command line takes, and what they retry may help."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import socket
import string
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqchurn import errors
from seqchurn.cli.command_line import read_command_line
from seqchurn.errors import EnvironmentFailure, LockedError
from tests.documents import ROOT

FOLDER = ROOT / "configs" / "schedulers"
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())
UNITS = [path for path in FILES if path.suffix in (".service", ".timer")]
NIGHTLY, WEEKLY = ["prepare", "score", "deliver", "monitor"], ["train", "promote"]
PLACE = "/srv/seqchurn"
"""Where the files suppose that the program lies."""
MAY_HELP = {LockedError.exit_code, EnvironmentFailure.exit_code}
CODES = {getattr(errors, name).exit_code for name in errors.__all__}

Commands = list[list[str]]


def keys(unit: Path) -> dict[str, list[str]]:
    """Keys of a unit of systemd to their values; ExecStart has many."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def of_systemd(when: str) -> Commands:
    return [shlex.split(line) for line in keys(FOLDER / f"seqchurn-{when}.service")["ExecStart"]]


def crontab() -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Variables of the crontab, and its lines as time and command."""
    variables, lines = {}, []
    for line in (FOLDER / "crontab").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"([A-Z]+)=(.*)", line):
            variables[match[1]] = match[2]
        elif line and not line.startswith("#"):
            *time, command = line.split(maxsplit=5)
            lines.append((" ".join(time), command))
    return variables, lines


def of_cron(when: str) -> Commands:
    variables, lines = crontab()
    command = lines[("nightly", "weekly").index(when)][1]
    inside = re.fullmatch(r"\((.*)\) >>\$LOG 2>&1 \|\| tail -n 40 \$LOG", command)
    assert inside
    text = string.Template(inside[1]).substitute(variables)
    return [shlex.split(part) for part in text.split("&&")]


def dag_file() -> ast.Module:
    return ast.parse((FOLDER / "airflow_dags.py").read_text(encoding="utf-8"))


def constants() -> dict[str, Any]:
    """What the DAG file gives names to, as far as it is written out; of os.environ the default."""
    found = {}
    for node in dag_file().body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            last = value.args[-1] if isinstance(value, ast.Call) and len(value.args) == 2 else value
            if not isinstance(last, ast.Call):
                found[node.targets[0].id] = ast.literal_eval(last)
    return found


def of_airflow(when: str) -> Commands:
    [call] = [
        node
        for node in ast.walk(dag_file())
        if isinstance(node, ast.Call) and ast.unparse(node).startswith("subprocess.run([SEQCHURN")
    ]
    names = constants()
    known = {name: names[name] for name in ("SEQCHURN", "CONFIG")}
    words = compile(ast.Expression(call.args[0]), "airflow_dags.py", "eval")
    return [eval(words, {}, {**known, "verb": verb}) for verb in names[when.upper()]]


@pytest.mark.parametrize("commands", [of_systemd, of_cron, of_airflow])
@pytest.mark.parametrize(("when", "verbs"), [("nightly", NIGHTLY), ("weekly", WEEKLY)])
def test_a_recipe_is_its_verbs_in_order_and_the_command_line_takes_them(
    commands: Callable[[str], Commands], when: str, verbs: list[str]
) -> None:
    found = commands(when)
    assert [arguments[1] for arguments in found] == verbs
    for program, *arguments in found:
        assert program == f"{PLACE}/.venv/bin/seqchurn"
        order = read_command_line(arguments)
        assert order is not None
        assert (order.verb, order.overrides) == (arguments[0], {})
        assert (ROOT / order.config.removeprefix(f"{PLACE}/")).is_file()


def test_what_may_help_is_retried_and_nothing_else() -> None:
    assert set(constants()["RETRIED"]) == MAY_HELP
    for when in ("nightly", "weekly"):
        service = keys(FOLDER / f"seqchurn-{when}.service")
        [prevented] = service["RestartPreventExitStatus"]
        assert {int(code) for code in prevented.split()} == CODES - MAY_HELP
        assert service["Restart"] == ["on-failure"]
        assert service["OnFailure"] == ["seqchurn-page@%n.service"]


class Failed(Exception):
    """Stands for the exception by which Airflow fails a task without another try."""


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("exit 0", None),
        ("exit 5", RuntimeError),
        ("exit 7", RuntimeError),
        ("kill -KILL $$", RuntimeError),
        ("exit 143", RuntimeError),
        ("exit 3", Failed),
        ("exit 6", Failed),
        ("exit 8", Failed),
    ],
)
def test_a_task_that_was_killed_is_tried_again_as_systemd_does(
    ending: str, expected: type[Exception] | None, tmp_path: Path
) -> None:
    program = tmp_path / "seqchurn"
    program.write_text(f"#!/bin/sh\n{ending}\n")
    program.chmod(0o755)
    [task] = [n for n in dag_file().body if isinstance(n, ast.FunctionDef) and n.name == "run"]
    task.decorator_list = []
    known = {**constants(), "SEQCHURN": str(program), "AirflowFailException": Failed}
    names: dict[str, Any] = {**known, "subprocess": subprocess}
    exec(compile(ast.Module([task], []), "airflow_dags.py", "exec"), names)
    if expected is None:
        names["run"]("score")
        return
    with pytest.raises(expected, match="^seqchurn score ended with "):
        names["run"]("score")


def test_all_schedulers_start_at_the_same_times() -> None:
    calls = [node for node in ast.walk(dag_file()) if isinstance(node, ast.Call)]
    airflow = [
        ast.literal_eval(call.args[1])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "recipe"
    ]
    assert [time for time, _ in crontab()[1]] == airflow == ["30 3 * * *", "0 6 * * 0"]
    timers = [keys(FOLDER / f"seqchurn-{w}.timer")["OnCalendar"] for w in ("nightly", "weekly")]
    assert timers == [["*-*-* 03:30"], ["Sun *-*-* 06:00"]]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_nothing_names_a_machine(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert socket.gethostname() not in text
    assert str(ROOT) not in text
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)
    assert {host for _, host in re.findall(r"(\w)@([a-z.-]+\.[a-z]+)", text)} <= {
        "example.com",
        "db.example.com",
        "n.service",
    }


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    program = tmp_path / ".venv" / "bin" / "seqchurn"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(PLACE, str(tmp_path))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = [str(tmp_path / unit.name) for unit in UNITS if "@" not in unit.name]
    search = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, env=search
    )
    assert (done.returncode, done.stderr) == (0, "")
