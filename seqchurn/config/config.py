"""The whole config: one YAML serves every verb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt, ValidationInfo, field_validator

from seqchurn.config.activity import ActivityConfig
from seqchurn.config.audiences import Audiences
from seqchurn.config.backtest import BacktestConfig
from seqchurn.config.datasets import DatasetsConfig
from seqchurn.config.deliveries import Deliveries
from seqchurn.config.encoder import Encoder, LstmConfig
from seqchurn.config.evaluation import EvaluationConfig
from seqchurn.config.events import EventsConfig
from seqchurn.config.gates import GatesConfig
from seqchurn.config.guards import GuardsConfig
from seqchurn.config.head import Head, LogLogisticMixtureConfig
from seqchurn.config.interventions import InterventionsConfig
from seqchurn.config.monitoring import MonitoringConfig
from seqchurn.config.scoring import ScoringConfig
from seqchurn.config.section import Section
from seqchurn.config.tracking import TrackingConfig
from seqchurn.config.training import TrainingConfig
from seqchurn.config.tune import TuneConfig
from seqchurn.config.waits import WaitsConfig

__all__ = ["Config"]


class Config(Section):
    """The whole config, sections in the order in which data flows."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        json_schema_extra={"words": "text of letters, digits, dots, - and _"},
    )
    """Name of the data set: of its stores, reports, experiment and registered model."""
    store: Path = Path("data")
    """Folder for all that is written; relative to this config file."""
    threads: PositiveInt = 1
    """CPU threads of torch; small networks run fastest on one, and undisturbed by neighbours."""
    events: EventsConfig
    """Raw logs to the events table."""
    waits: WaitsConfig = WaitsConfig()
    """What is waited for, and on which grid of time."""
    datasets: DatasetsConfig = DatasetsConfig()
    """How sequences become batches."""
    encoder: Encoder = LstmConfig()
    """How a history becomes a context vector."""
    head: Head = LogLogisticMixtureConfig()
    """How a context becomes the distribution of a wait."""
    activity: ActivityConfig = ActivityConfig()
    """How busy the shop is, day by day: the clock that waits run by."""
    training: TrainingConfig = TrainingConfig()
    """How the model is fitted."""
    interventions: InterventionsConfig = InterventionsConfig()
    """What the shop does about churn, and whom it leaves alone."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """What a model is asked, and when."""
    backtest: BacktestConfig = BacktestConfig()
    """At which moments of the past a model is tried."""
    tune: TuneConfig = TuneConfig()
    """Which settings a search tries, and at which moments of the past they are judged."""
    tracking: TrackingConfig = TrackingConfig()
    """Where runs and models go in MLflow; in `store`, or where MLFLOW_TRACKING_URI says."""
    gates: GatesConfig = GatesConfig()
    """What a challenger must show before it becomes the champion."""
    scoring: ScoringConfig = ScoringConfig()
    """What the score table says."""
    guards: GuardsConfig = GuardsConfig()
    """What must hold before scores are published; null switches a guard off."""
    audiences: Audiences = {}
    """Named groups of customers, told by rules over the score table; deliveries say who is in."""
    deliveries: Deliveries = {}
    """Where scores go, by name: customers whose band of risk or audiences changed."""
    monitoring: MonitoringConfig = MonitoringConfig()
    """When what followed the scores is an alarm."""

    @field_validator("encoder", "head", mode="before")
    @classmethod
    def _default_kind(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict) and "kind" not in value:
            return {"kind": cls.model_fields[str(info.field_name)].default.kind, **value}
        return value
