"""`seqchurn VERB --config FILE [--section.key VALUE ...]`: a command line in, a status out."""

from __future__ import annotations

from seqchurn.cli.run import main

__all__ = ["main"]
