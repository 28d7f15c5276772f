"""A published score table -> other systems: what changed since they were last told.

A new kind of system is one file here, one row in `SINKS` and one class in `config/deliveries.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from seqchurn.config.deliveries import Delivery
from seqchurn.sinks.audiences import Audiences
from seqchurn.sinks.csv import CsvSink
from seqchurn.sinks.database import DatabaseSink
from seqchurn.sinks.delivered import Delivered
from seqchurn.sinks.delivering import deliver
from seqchurn.sinks.one_file import FileSink
from seqchurn.sinks.parquet import ParquetSink
from seqchurn.sinks.plan import Plan, plan
from seqchurn.sinks.segment import SegmentSink
from seqchurn.sinks.sink import Sink
from seqchurn.sinks.snowplow import SnowplowSink

__all__ = [
    "SINKS",
    "Audiences",
    "Delivered",
    "FileSink",
    "Plan",
    "Sink",
    "deliver",
    "open_sink",
    "plan",
]

SINKS: dict[str, Callable[..., Sink]] = {
    "parquet": ParquetSink,
    "csv": CsvSink,
    "database": DatabaseSink,
    "segment": SegmentSink,
    "snowplow": SnowplowSink,
}


def open_sink(name: str, delivery: Delivery) -> Sink:
    """The system that a delivery goes to.

    Args:
        name: Name of the delivery.
        delivery: Its section of the config.

    Raises:
        ConfigError: If a package or an environment variable is missing.
    """
    return SINKS[delivery.kind](name, delivery)
