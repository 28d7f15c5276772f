"""Section `tracking`: where runs and models go in MLflow."""

from __future__ import annotations

from seqchurn.config.section import Section

__all__ = ["TrackingConfig"]


class TrackingConfig(Section):
    """Where runs and models go in MLflow.

    The store lies in the folder `store`, unless MLFLOW_TRACKING_URI names a server.
    """

    experiment: str | None = None
    """MLflow experiment; default: the name of this config."""
    model: str | None = None
    """Registered model; default: the name of this config."""
