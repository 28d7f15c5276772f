"""The least that a verb costs before it does anything: import torch and MLflow, open the registry.

python -m tests.benchmarks.timing.floors.start STORE MODEL
"""

from __future__ import annotations

import json
import sys
import time

import mlflow
import torch


def main(store: str, model: str) -> None:
    """Find the champion, and tell when."""
    torch.set_num_threads(1)
    place = f"sqlite:///{store}/mlflow/mlflow.db"
    mlflow.set_tracking_uri(place)
    mlflow.set_registry_uri(place)
    mlflow.MlflowClient().get_model_version_by_alias(model, "champion")
    print(json.dumps({"ready": time.monotonic()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
