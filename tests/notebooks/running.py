"""The notebooks, run from start to end by a kernel of their own.

    python -m tests.notebooks.running            all of them on the config of the demo, in full

They are scripts of jupytext; what a cell prints or shows is looked at by the tests.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import jupytext
import nbclient
import nbformat

__all__ = ["NOTEBOOKS", "charts", "printed", "run_notebook"]

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.py"))
_LONGEST_SECONDS = 180


def run_notebook(file: Path, config: Path | None = None) -> nbformat.NotebookNode:
    """A notebook with the outputs of its cells.

    Args:
        file: The script.
        config: In the place of the config that it names.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    notebook = jupytext.read(file)
    client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(file.parent)}})
    with _environment({} if config is None else {"SEQCHURN_CONFIG": str(config)}):
        return client.execute()


def printed(notebook: nbformat.NotebookNode) -> str:
    """All that its cells wrote to stdout."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(o["text"] for o in outputs if o.get("name") == "stdout")


def charts(notebook: nbformat.NotebookNode) -> int:
    """How many charts its cells showed."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("vegaEmbed" in output.get("data", {}).get("text/html", "") for output in outputs)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the notebooks, say how long each took; 1 if one took longer than three minutes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, help="default: the one that they name")
    asked = parser.parse_args(arguments)
    slow = []
    for file in NOTEBOOKS:
        started = time.monotonic()
        run_notebook(file, asked.config and asked.config.absolute())
        seconds = time.monotonic() - started
        print(f"{file.name}  {seconds:.0f} s", flush=True)
        if seconds > _LONGEST_SECONDS:
            slow.append(file.name)
    if slow:
        print(f"longer than {_LONGEST_SECONDS} s: {', '.join(slow)}", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
