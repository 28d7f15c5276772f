from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.errors import ConfigError
from tests.benchmarks.judging import with_seed
from tests.benchmarks.logs import (
    CONFIGS,
    LOGS,
    cdnow_orders,
    check_defaults,
    config_of,
    why_missing,
)

CELLS = {
    "complete_journey": ("2017-10-01", ["7d", "14d", "28d", "90d"]),
    "cdnow": ("1997-10-01", ["28d", "91d", "182d", "272d"]),
    "grocery": ("2007-01-01", ["28d", "91d", "182d", "360d"]),
    "online_retail": ("2011-06-01", ["14d", "28d", "91d", "182d"]),
    "taobao": ("2017-12-01T16:00:00+00:00", ["12h", "24h", "48h"]),
}


def test_the_shipped_configs_ask_the_nineteen_cells_and_leave_the_model_alone() -> None:
    configs = {name: load_config(CONFIGS / log.config) for name, log in LOGS.items()}
    asked = {n: (c.training.cutoff, c.evaluation.horizons) for n, c in configs.items()}
    assert {name: (str(cutoff), hs) for name, (cutoff, hs) in asked.items()} == CELLS
    assert sum(len(horizons) for _, horizons in asked.values()) == 19
    for name, config in configs.items():
        assert config.name == name
        assert config.evaluation.cutoff is None  # that of training
        check_defaults(config)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("encoder.hidden_size", 32),
        ("head.kind", "weibull"),
        ("training.learning_rate", 1e-3),
        ("training.seed", 7),
        ("datasets.landmarks", 4),
        ("activity.levels", 3),
        ("scoring.count_paths", 4),
    ],
)
def test_a_setting_of_the_model_in_a_config_is_refused(override: str, value: object) -> None:
    config = load_config(CONFIGS / "grocery.yaml", {override: value})
    with pytest.raises(ConfigError, match=rf"\[{override.split('.')[0]}\] of grocery is not the"):
        check_defaults(config)


def test_a_log_is_missing_until_its_file_is_there(tmp_path: Path) -> None:
    assert why_missing("grocery", tmp_path) == f"no {tmp_path / 'grocery_btydplus.parquet'}"
    (tmp_path / "grocery_btydplus.parquet").touch()
    assert why_missing("grocery", tmp_path) is None


def test_data_store_and_epochs_are_replaced_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "grocery_btydplus.parquet").touch()
    config = config_of("grocery", data_dir=tmp_path, store=tmp_path / "store", max_epochs=1)
    [source] = config.events.sources
    assert source.path == str(tmp_path / "grocery_btydplus.parquet")
    assert config.store == tmp_path / "store"
    assert config.training.max_epochs == 1
    overrides = {"store": config.store, "training.max_epochs": 1}
    shipped = load_config(CONFIGS / "grocery.yaml", overrides)
    back = source.model_copy(update={"path": shipped.events.sources[0].path})
    events = config.events.model_copy(update={"sources": [back]})
    assert config.model_copy(update={"events": events}) == shipped


def test_models_of_two_seeds_have_two_names_and_differ_in_the_seed_only() -> None:
    config = load_config(CONFIGS / "taobao.yaml")
    first, second = with_seed(config, 0), with_seed(config, 1)
    assert (first.training.seed, second.training.seed) == (0, 1)
    assert first.tracking.model != second.tracking.model
    assert with_seed(second, 0) == first


def test_the_published_text_of_cdnow_becomes_rows_of_the_log() -> None:
    text = " customer_id  date number_of_cds  dollar_value\n 00002 19970112  5   77.00\n"
    assert cdnow_orders(text).rows(named=True) == [
        {
            "customer_id": "00002",
            "timestamp": datetime(1997, 1, 12),
            "event_type": "order",
            "n_units": 5,
            "amount": 77.0,
        }
    ]
