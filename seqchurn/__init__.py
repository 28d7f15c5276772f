"""When does the next order come? Deep time-to-event models on raw event logs.

raw logs -> events -> sequences -> datasets -> encoders + heads -> training -> evaluation
-> tracking/registry -> scoring -> sinks

From Python: `seqchurn.api`, whose names stand here and are imported when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqchurn.api import (
        backtest,
        evaluate,
        load_config,
        load_model,
        open_store,
        prepare,
        score,
        train,
    )

__all__ = [
    "__version__",
    "backtest",
    "evaluate",
    "load_config",
    "load_model",
    "open_store",
    "prepare",
    "score",
    "train",
]

__version__ = "0.1.0"

_LIGHTER = {"load_config": "seqchurn.config", "load_model": "seqchurn.tracking.loaded_model"}
"""Names that can be had without all that `seqchurn.api` imports."""


def __getattr__(name: str) -> Any:
    """Import what is heavy when it is first asked for."""
    from importlib import import_module

    if name in __all__:
        return getattr(import_module(_LIGHTER.get(name, "seqchurn.api")), name)
    raise AttributeError(f"module 'seqchurn' has no attribute '{name}'")


def __dir__() -> list[str]:
    """All names, also those that are not imported yet."""
    return sorted(__all__)
