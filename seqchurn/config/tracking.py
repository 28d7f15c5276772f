"""Section `tracking`: where runs and models go in MLflow."""

from __future__ import annotations

from pydantic import Field

from seqchurn.config.section import Section

__all__ = ["TrackingConfig"]

_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"  # that of the config, for which these stand in
_WORDS = {"words": "text of letters, digits, dots, - and _"}


class TrackingConfig(Section):
    """Where runs and models go in MLflow.

    The store lies in the folder `store`, unless MLFLOW_TRACKING_URI names a server.
    """

    experiment: str | None = Field(default=None, pattern=_NAME, json_schema_extra={**_WORDS})
    """MLflow experiment; default: the name of this config."""
    model: str | None = Field(default=None, pattern=_NAME, json_schema_extra={**_WORDS})
    """Registered model; default: the name of this config."""
