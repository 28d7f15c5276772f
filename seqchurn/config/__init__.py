"""Every knob of seqchurn: one section per stage, in the order in which data flows.

A YAML file in, a frozen `Config` out. Defaults live in the section classes and nowhere else.
"""

from __future__ import annotations

from seqchurn.config.config import Config
from seqchurn.config.load import load_config

__all__ = ["Config", "load_config"]
