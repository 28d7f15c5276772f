"""What comes with the project may be used at run time by everybody: its licences are permissive.

`make audit` asks for known vulnerabilities, which needs the internet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = ("baselines", "examples", "lake", "notebooks", "sinks", "sql", "tune")
PERMISSIVE = re.compile(
    r"0BSD|Apache|BSD|BSL-1\.0|CC0|ISC|MIT|PSF|Python Software Foundation|Zlib", re.IGNORECASE
)
RESTRICTED = re.compile(r"GPL|GNU|EUPL|SSPL|BUSL|Commons|Propriet|MPL|Mozilla", re.IGNORECASE)

EXPLAINED = {
    "certifi": "MPL-2.0, which binds who changes its files; they are used as they are",
    "tqdm": "MPL-2.0 and MIT: the same",
    "huey": "its LICENSE file is that of MIT; the metadata say nothing",
    "polars-hash": "MIT, as its repository says; the metadata say nothing",
    "skops": "its LICENSE file is that of MIT; the metadata say OSI approved",
}


def needed() -> Iterator[tuple[str, Distribution]]:
    """All distributions that the project and its extras lead to, by name, where installed."""
    left, seen = [("seqchurn", EXTRAS)], set()
    while left:
        name, extras = left.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name.startswith(("nvidia-", "cuda-")):  # NVIDIA's own licence: torch's build for GPUs
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:  # for another platform, or an extra that is left out here
            continue
        yield name, found
        for requirement in map(Requirement, found.requires or []):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in extras or ("",)):
                wanted = re.sub(r"[-_.]+", "-", requirement.name).lower()
                left.append((wanted, tuple(sorted(requirement.extras))))


def licence(found: Distribution) -> str:
    """What the metadata say, the expression before the classifiers before the text."""
    metadata = found.metadata
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    said = [metadata.get("License-Expression"), "; ".join(classifiers), metadata.get("License")]
    return next((text.splitlines()[0] for text in said if text), "")


def test_every_licence_is_permissive_or_explained() -> None:
    licences = {name: licence(found) for name, found in needed()}
    assert {"torch", "polars", "mlflow", "lightgbm", "deltalake"} <= set(licences)
    doubtful = {
        name: text
        for name, text in licences.items()
        if not PERMISSIVE.search(text) or RESTRICTED.search(text)
    }
    assert set(doubtful) <= set(EXPLAINED), doubtful


def test_a_restricted_licence_would_be_seen() -> None:
    for text in ("GPL-3.0-or-later", "AGPL-3.0 AND MIT", "GNU Lesser General Public License"):
        assert RESTRICTED.search(text)
    assert not PERMISSIVE.search("Proprietary")
