from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from seqchurn.cli import main
from seqchurn.cli.command_line import VERBS
from seqchurn.config import Config
from seqchurn.errors import ModelError
from seqchurn.progress import work
from tests.terminal import Terminal

HEAVY = [
    "torch",
    "pytorch_lightning",
    "mlflow",
    "polars",
    "pyarrow",
    "pandas",
    "numpy",
    "altair",
    "tqdm",
]
AS_TEXT = ["--log_format", "text"]


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(config: Config, **_: Any) -> None:
        raise error

    monkeypatch.setitem(sys.modules, "seqchurn.commands.train", SimpleNamespace(run=run))


def _child(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_print_config_prints_yaml_that_loads_as_the_same(
    config: str, tmp_path: Path, calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--training.seed", "7", "--head.kind", "weibull"]
    assert main(["train", "--config", config, *flags, "--print_config"]) == 0
    assert calls == []
    text = capsys.readouterr().out
    assert yaml.safe_load(text)["training"]["seed"] == 7
    again = tmp_path / "deeper.yaml"
    again.write_text(text, encoding="utf-8")
    assert main(["train", "--config", str(again), "--print_config"]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("training: {max_epoch: 3}", "[training] max_epoch is not a key here. Did you mean"),
        ("as_of: 2017-10-01", "as_of is a run argument: pass it as --as_of to score, deliver."),
        ("backtest: {refit: every}", "refit is a run argument: pass it as --refit to backtest."),
        ("training: [1", "not YAML"),
        (
            "training: {seed: -1}",
            "[training] seed is -1; expected: whole number at least 0 and at most 1e+06.",
        ),
        ("evaluation: {horizons: [0d]}", "'0d' is not a duration longer than zero"),
        ("head: {kind: normal}", "head has kind normal; expected: mapping with kind"),
        ("head: {kind: weibull, components: 2}", "[head] components belongs to kind"),
    ],
)
@pytest.mark.parametrize("verb", VERBS)
def test_a_mistake_in_the_yaml_ends_every_verb_with_2(
    verb: str,
    text: str,
    complaint: str,
    config: str,
    calls: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path(config).write_text(Path(config).read_text(encoding="utf-8") + text, encoding="utf-8")
    needed = ["--customer_id", "a"] if verb == "forget" else []
    assert main([verb, "--config", config, *AS_TEXT, *needed]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"seqchurn {verb}: {config}")
    assert complaint in err
    assert calls == []


def test_help_imports_nothing_heavy() -> None:
    """What it costs is measured by `make bench-speed`, row `help`."""
    code = (
        "import sys; from seqchurn.cli import main; status = main(['--help']);"
        f"heavy = [name for name in {HEAVY} if name in sys.modules];"
        "print(status, heavy, sep='|', file=sys.stderr)"
    )
    done = subprocess.run(_child(code), capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0|[]"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "seqchurn 0.1.0\n"


@pytest.mark.parametrize(
    ("error", "status", "complaint"),
    [
        (ModelError("no model. Train one."), 4, "seqchurn train: no model. Train one.\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 7, "No space left on device"),
        (ZeroDivisionError("oh"), 1, "this is a bug in seqchurn; please report"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_failure_has_its_exit_status(
    error: BaseException,
    status: int,
    complaint: str,
    config: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _fail_with(monkeypatch, error)
    assert main(["train", "--config", config, *AS_TEXT]) == status
    err = capsys.readouterr().err
    assert complaint in err
    assert ("Traceback" in err) == (status == 1)


@pytest.mark.parametrize("no_color", ["", "1"])
def test_an_interrupt_leaves_the_terminal_clean(
    no_color: str, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(config: Config, **_: Any) -> None:
        with work("merging", 32, "buckets") as merging:
            merging.say("merging orders")
            assert "merging orders" in terminal.screen()[-1]
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setitem(sys.modules, "seqchurn.commands.prepare", SimpleNamespace(run=run))
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    monkeypatch.setenv("NO_COLOR", no_color)
    assert main(["prepare", "--config", config]) == 130
    assert terminal.screen() == ["seqchurn prepare: interrupted.", ""]  # and no colours


SLEEPING = """
import sys, time, types
from contextlib import contextmanager
from seqchurn.cli import main

@contextmanager
def half_written():
    try:
        yield
    finally:
        print("cleaned up", flush=True)

def run(config, **_):
    with half_written():
        print("ready", flush=True)
        time.sleep(60)

sys.modules["seqchurn.commands.train"] = types.SimpleNamespace(run=run)
sys.exit(main(["train", "--config", *sys.argv[1:]]))
"""


@pytest.mark.parametrize(
    ("signum", "status", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_cleans_up_and_has_its_exit_status(
    signum: int, status: int, word: str, config: str
) -> None:
    with subprocess.Popen(
        _child(SLEEPING, config, *AS_TEXT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signum)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out, err) == (status, "cleaned up\n", f"seqchurn train: {word}.\n")


def test_signal_handlers_are_put_back(config: str, calls: list[Any]) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert main(["train", "--config", config]) == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_closed_pipe_is_quiet(config: str) -> None:
    code = "import sys; from seqchurn.cli import main; sys.exit(main(sys.argv[1:]))"
    command = _child(code, "train", "--config", config, "--print_config")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
