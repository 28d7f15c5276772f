"""Sources -> a hash that changes when the logs or the config of the events do.

Reading a log again would cost as much as the work, so the hash takes what is cheap to ask: of
files size and time of change, of a Delta table its version, of a database the number of records
and the latest stamp.
"""

from __future__ import annotations

import hashlib
import json

from seqchurn.config.events import EventsConfig
from seqchurn.config.sources import CustomersSource, DeltaSource, Source, SqlSource
from seqchurn.events.sources import delta, resolve_path, sql
from seqchurn.schema import SCHEMA_VERSION

__all__ = ["fingerprint"]

_State = list[str] | list[tuple[str, int, int]]


def fingerprint(config: EventsConfig) -> str:
    """Hash of the state of all logs, the config section and the schema version.

    Raises:
        ConfigError: If a file, table, driver or column is missing.
        EnvironmentFailure: If a database or a storage fails.
    """
    states = [_state(source) for source in config.sources]
    for source in config.sources:
        if not isinstance(source, CustomersSource) and source.lookup is not None:
            states.append(_files(source.lookup.path, source.name))
    inputs = [SCHEMA_VERSION, config.model_dump(mode="json"), states]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _state(source: Source) -> _State:
    if isinstance(source, SqlSource):
        return sql.state(source)
    if isinstance(source, DeltaSource):
        return delta.state(source)
    return _files(source.path, source.name, kind=source.kind)


def _files(path: str, source: str, *, kind: str | None = None) -> _State:
    stats = [(file, file.stat()) for file in resolve_path(path, source=source, kind=kind)]
    return [(str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats]
