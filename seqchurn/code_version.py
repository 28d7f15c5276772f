"""The program itself -> what records call the code that made them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import seqchurn

__all__ = ["code_version"]


@cache
def code_version() -> str:
    """Version of the package and a hash of its source: another after any change of the code.

    >>> code_version().partition("+")[0] == seqchurn.__version__
    True
    """
    root, digest = Path(seqchurn.__file__).parent, hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return f"{seqchurn.__version__}+{digest.hexdigest()[:12]}"
