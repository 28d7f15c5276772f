"""When does the next order come? Deep time-to-event models on raw event logs.

raw logs -> events -> sequences -> datasets -> encoders + heads -> training -> evaluation
-> tracking/registry -> scoring
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
