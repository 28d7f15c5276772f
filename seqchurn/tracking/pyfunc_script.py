"""What MLflow stores and runs to load a model, instead of a pickle ("models from code")."""

from __future__ import annotations

from mlflow.models import set_model

from seqchurn.tracking.score_model import ScoreModel

__all__: list[str] = []

set_model(ScoreModel())
