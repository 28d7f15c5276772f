from __future__ import annotations

import io
import json
import logging
import warnings

import pytest

from seqchurn.log_lines import LogLines
from tests.terminal import Terminal

_LOGGER = logging.getLogger("seqchurn.test")
_LIBRARY = logging.getLogger("library.of.others")


def _say_all() -> None:
    _LOGGER.debug("a detail")
    _LOGGER.info("read %d rows", 3)
    _LOGGER.warning("odd")
    _LIBRARY.info("library talk")
    _LIBRARY.warning("library worry")


@pytest.mark.parametrize(
    ("quiet", "verbose", "heard"),
    [
        (False, False, ["read 3 rows", "odd", "library worry"]),
        (True, False, ["odd", "library worry"]),
        (False, True, ["a detail", "read 3 rows", "odd", "library talk", "library worry"]),
    ],
)
def test_log_lines_go_to_stderr_as_loud_as_asked(
    quiet: bool, verbose: bool, heard: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with LogLines(log_format="text", quiet=quiet, verbose=verbose).to_stderr():
        _say_all()
    out, err = capsys.readouterr()
    assert out == ""
    said = [line.split(" ", maxsplit=2)[2] for line in err.splitlines()]
    assert [line.removeprefix("warning: ") for line in said] == heard


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with LogLines(log_format="json").to_stderr():
        _LOGGER.info("line one\nline two %s", "é")
        try:
            raise ValueError("deep")
        except ValueError:
            _LOGGER.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == "line one\nline two é"
    assert (first["level"], first["logger"]) == ("info", "seqchurn.test")
    assert first["time"].endswith("+00:00")
    assert "ValueError: deep" in second["exception"]


def test_python_warnings_become_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with LogLines(log_format="json").to_stderr():
            warnings.warn("old thing", UserWarning, stacklevel=1)
    line = json.loads(capsys.readouterr().err)
    assert line["level"] == "warning"
    assert "UserWarning: old thing" in line["message"]


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_of_libraries_are_taken_out(
    log_format: str, no_color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    with LogLines(log_format=log_format).to_stderr():
        _LIBRARY.warning("\033[1;33m%s\033[0m", "use type hints")
    assert "use type hints" in terminal.getvalue()
    assert "33m" not in terminal.getvalue()


def test_logging_leaves_no_handler_behind() -> None:
    before = list(logging.getLogger().handlers), logging.getLogger("seqchurn").level
    with LogLines().to_stderr():
        pass
    assert (list(logging.getLogger().handlers), logging.getLogger("seqchurn").level) == before


def test_a_terminal_gets_text_and_everything_else_json(monkeypatch: pytest.MonkeyPatch) -> None:
    for stderr, as_json in ((Terminal(), False), (io.StringIO(), True)):
        monkeypatch.setattr("sys.stderr", stderr)
        assert LogLines().as_json == as_json
        assert not LogLines(log_format="text").as_json
        assert LogLines(log_format="json").as_json


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_every_line_carries_the_id_of_the_run(
    log_format: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = LogLines(log_format=log_format)
    assert lines.run != LogLines().run
    monkeypatch.setenv("SEQCHURN_RUN_ID", "night-7")
    with LogLines(log_format=log_format).to_stderr():
        _say_all()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    for line in said:
        run = json.loads(line)["run"] if log_format == "json" else line.split()[1]
        assert run == "night-7"


def test_last_words_are_a_line_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    LogLines(log_format="json").complain("refused:\n  one\n  two", exit_code=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"], line["exit_code"]) == (
        "error",
        "refused:\n  one\n  two",
        3,
    )
    LogLines(log_format="text").complain("refused:\n  one", exit_code=3)
    assert capsys.readouterr().err == "refused:\n  one\n"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_bug_is_told_with_its_place(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("deep")
    except ValueError as error:
        LogLines(log_format=log_format).complain("a bug", exit_code=1, bug=error)
    err = capsys.readouterr().err
    assert "a bug" in err
    assert "test_a_bug_is_told_with_its_place" in err
    assert "ValueError: deep" in err
