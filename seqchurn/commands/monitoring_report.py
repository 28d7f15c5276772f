"""What `seqchurn monitor` found -> its files and charts, and a run in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seqchurn.config import Config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.files import replacing
from seqchurn.plots import observed_expected_chart, reliability_chart, save_chart
from seqchurn.scoring import QUANTITIES, Band, Monitoring
from seqchurn.tracking import start_run

__all__ = ["track_monitoring", "write_monitoring"]

_DRAWN = 6
"""Model versions in a chart, the newest: more could not be told apart."""


def write_monitoring(folder: Path, found: Monitoring, band: Band, *, page: str) -> list[Path]:
    """Write tables, charts and the page, `monitoring.txt`; which files these are.

    Raises:
        EnvironmentFailure: If the disk refuses.
    """
    tables = found.write(folder)
    charts = [folder / "observed_expected.png", folder / "reliability.png"]
    newest = found.versions["model"].unique(maintain_order=True)[:_DRAWN].implode()
    drawn = (pl.col("cohort") == "all") & pl.col("model").is_in(newest)
    ratios = observed_expected_chart(
        found.weeks.filter(drawn), quantities=QUANTITIES, band=(band.low, band.high)
    )
    save_chart(ratios, charts[0])
    save_chart(reliability_chart(found.curves.filter(drawn)), charts[1])
    with replacing(folder / "monitoring.txt") as file:
        file.write_text(f"{page}\n", encoding="utf-8")
    return [*tables, *charts, folder / "monitoring.txt"]


def track_monitoring(
    config: Config, digest: str, found: Monitoring, *, files: Sequence[Path]
) -> None:
    """Keep numbers and files as a run of the config's experiment.

    Args:
        config: The whole config.
        digest: That of the sequences.
        found: Its metrics have the week since 1970 as step.
        files: What was written.
    """
    tags = {"seqchurn.dataset": config.name, "seqchurn.dataset_digest": digest}
    experiment = config.tracking.experiment or config.name
    plain = config.model_dump(mode="json")
    with start_run(config.store, experiment, kind="monitor", config=plain, tags=tags) as tracked:
        tracked.log_text(to_yaml(config), "config.yaml")
        for week, metrics in found.metrics().items():
            tracked.log_metrics(metrics, step=week)
        for file in files:
            tracked.log_file(file)
