"""When does the next order come? Deep time-to-event models on raw event logs.

raw logs -> events -> sequences -> datasets -> encoders + heads -> training -> evaluation
-> tracking/registry -> scoring -> sinks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqchurn.tracking.loaded_model import load_model

__all__ = ["__version__", "load_model"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is heavy when it is first asked for."""
    if name == "load_model":
        from seqchurn.tracking.loaded_model import load_model

        return load_model
    raise AttributeError(f"module 'seqchurn' has no attribute '{name}'")
