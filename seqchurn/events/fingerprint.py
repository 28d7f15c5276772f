"""Sources -> a hash that changes when the files or the config of the events do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import CustomersSource
from seqchurn.events.sources import resolve_path
from seqchurn.schema import SCHEMA_VERSION

__all__ = ["fingerprint"]


def fingerprint(config: EventsConfig) -> str:
    """Hash of size and time of change of all files, the config section and the schema version.

    Raises:
        ConfigError: If a file is missing.
    """
    paths = [(source.path, source.name) for source in config.sources]
    for source in config.sources:
        if not isinstance(source, CustomersSource) and source.lookup is not None:
            paths.append((source.lookup.path, source.name))
    files = [file for path, name in paths for file in resolve_path(path, source=name)]
    inputs = [SCHEMA_VERSION, config.model_dump(mode="json"), [_state(file) for file in files]]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _state(file: Path) -> tuple[str, int, int]:
    state = file.stat()
    return str(file), state.st_size, state.st_mtime_ns
