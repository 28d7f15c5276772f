"""No error without a test: some words of every message that is raised stand in a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import seqchurn
from seqchurn import errors

PACKAGE, TESTS = Path(seqchurn.__file__).parent, Path(__file__).parent
ERRORS = {name for name in errors.__all__ if name != "SeqchurnError"}
WORDS = 3
"""As many words in a row, as they stand in the source, must be in a test."""


def texts(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def windows(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[start : start + WORDS]) for start in range(len(words) - WORDS + 1)]


def messages() -> dict[str, list[str]]:
    """Each error that is made from a text, by its place, and the text in words in a row.

    Those of the config are ValueErrors, to which the place in the file is added.
    """
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        names = ERRORS | ({"ValueError"} if file.parent.name == "config" else set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                rows = [row for text in texts(node.args[0]) for row in windows(text)]
                if node.func.id in names and rows:
                    found[f"{file.relative_to(PACKAGE)}:{node.lineno}"] = rows
    return found


@cache
def said_in_tests() -> str:
    """All texts in the tests, without the escapes of regular expressions."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in TESTS.rglob("*.py")]
    return "\n".join(" ".join(t.replace("\\", "").split()) for tree in trees for t in texts(tree))


MESSAGES = messages()


def test_the_messages_are_found() -> None:
    assert len(MESSAGES) > 90


@pytest.mark.parametrize("place", MESSAGES)
def test_a_message_is_matched_by_a_test(place: str) -> None:
    assert any(row in said_in_tests() for row in MESSAGES[place]), " ... ".join(MESSAGES[place])


def in_order(quoted: str, said: str) -> bool:
    """Whether the pieces between the dots of a quotation stand in a text, one after another."""
    return re.search(".*".join(map(re.escape, quoted.split("…"))), said, re.DOTALL) is not None


@cache
def said_in_the_package() -> list[str]:
    """Texts of the package; what is filled in later is a dot."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.py")]
    return [text for tree in trees for node in ast.walk(tree) for text in said_by(node)]


def said_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "." for v in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def quoted_messages() -> list[str]:
    page = (TESTS.parent / "configs" / "README.md").read_text(encoding="utf-8")
    table = page.split("## When something goes wrong")[1]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_the_page_on_what_goes_wrong_quotes_messages() -> None:
    assert len(quoted_messages()) >= 15


@pytest.mark.parametrize("quoted", quoted_messages())
def test_a_message_that_the_page_quotes_is_one_of_the_program(quoted: str) -> None:
    assert any(in_order(quoted, said) for said in said_in_the_package())
