from __future__ import annotations

import json
import logging
import warnings

import pytest

from seqchurn.console import logging_to_stderr, table

_LOGGER = logging.getLogger("seqchurn.test")
_LIBRARY = logging.getLogger("alembic.runtime")


def test_numbers_stand_to_the_right_and_have_thousands_separators() -> None:
    text = table([["orders", 1234567, 0.123456], ["views", 7, None]], ["event", "rows", "share"])
    assert text.splitlines() == [
        "event        rows   share",
        "------  ---------  ------",
        "orders  1,234,567  0.1235",
        "views           7       -",
    ]


def test_a_table_without_rows_is_its_headers() -> None:
    assert table([], ["event", "rows"]) == "event  rows\n-----  ----"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        table([["orders"]], ["event", "rows"])


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
    with logging_to_stderr(quiet=quiet, verbose=verbose):
        _say_all()
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(" ")[2].removeprefix("warning: ") for line in err.splitlines()] == heard


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(log_format="json"):
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
        with logging_to_stderr(log_format="json"):
            warnings.warn("old thing", UserWarning, stacklevel=1)
    line = json.loads(capsys.readouterr().err)
    assert line["level"] == "warning"
    assert "UserWarning: old thing" in line["message"]


def test_logging_leaves_no_handler_behind() -> None:
    before = list(logging.getLogger().handlers), logging.getLogger("seqchurn").level
    with logging_to_stderr():
        pass
    assert (list(logging.getLogger().handlers), logging.getLogger("seqchurn").level) == before
