from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from seqchurn.cli import main as seqchurn
from seqchurn.commands.parts import clock_of, score_options, sequences_store
from seqchurn.config import load_config
from seqchurn.schema import CUSTOMER_ID, TIMESTAMP
from seqchurn.scoring import Scoring, publish_scores
from seqchurn.storage import BucketStore
from seqchurn.tracking import Bundle
from seqchurn.tracking.bundle import save_bundle
from seqchurn.training.fitted_model import FittedModel
from tests.benchmarks.timing.bench import AS_OF, MODEL, Bench
from tests.benchmarks.timing.fits import batches_of, data_of, network_of
from tests.benchmarks.timing.floors import prepare, score, train
from tests.benchmarks.timing.synthetic import log_folder, write_log

EVENTS = 4_000
HORIZONS = ["p_order_7d", "p_order_28d", "p_order_90d", "p_churn"]
DATES = ["next_order_p10", "next_order_p50", "next_order_p90"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Logs, and a store with tables."""
    folder = tmp_path_factory.mktemp("bench")
    for kind in ("parquet", "csv"):
        write_log(log_folder(folder, EVENTS, kind), EVENTS, kind)
    bench = Bench(folder, EVENTS, rounds=1)
    assert seqchurn(["prepare", "--quiet", "--config", str(bench.config("store", EVENTS))]) == 0
    return bench


def by_event(sequences: pl.DataFrame) -> pl.DataFrame:
    """One row an event; events of one second in the order of their other columns."""
    events = sequences.explode(TIMESTAMP, "event_type", "amount")
    return events.sort(CUSTOMER_ID, TIMESTAMP, "event_type", "amount")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_the_floor_of_prepare_gives_the_sequences_of_the_project(
    bench: Bench, tmp_path: Path, kind: str
) -> None:
    prepare.main(bench.log(EVENTS, kind), tmp_path, kind, 4)
    floor = pl.read_parquet(tmp_path / "sequences" / "*.parquet").sort(CUSTOMER_ID)
    files = bench.sequences("store", EVENTS) / "*.parquet"
    own = pl.read_parquet(files).sort(CUSTOMER_ID).select(floor.columns)
    assert floor.select(CUSTOMER_ID, TIMESTAMP).equals(own.select(CUSTOMER_ID, TIMESTAMP))
    assert by_event(floor).equals(by_event(own))


def test_the_floor_of_score_gives_the_probabilities_and_dates_of_the_score_table(
    bench: Bench, tmp_path: Path
) -> None:
    file, few = bench.config("store", EVENTS), {"encoder.hidden_size": 16, "scoring.count_paths": 2}
    configs = [load_config(file, {**few, "training.seed": seed}) for seed in (0, 1)]
    config, data = configs[0], data_of(configs[0])
    model = FittedModel(
        networks=tuple(network_of(each, data).eval() for each in configs),
        codebook=data.codebook,
        facts=data.facts,
        clock=clock_of(config),
        target=config.waits.target,
        max_events=config.datasets.max_events,
    )
    options, plain = score_options(config), config.model_dump(mode="json")
    save_bundle(Bundle(model, options, plain, AS_OF, MODEL, "run"), tmp_path / "bundle")
    score.main(bench.sequences("store", EVENTS), tmp_path / "bundle", tmp_path / "floor", AS_OF)
    floor = pl.read_parquet(tmp_path / "floor" / "*.parquet").sort(CUSTOMER_ID)

    version = {"model_name": MODEL, "model_version": "1", "run_id": "run"}
    table, moment = BucketStore(tmp_path / "scores"), clock_of(config).instant(AS_OF)
    sequences = sequences_store(config).snapshot()
    scoring = Scoring(model, sequences, moment, options, version)
    assert publish_scores(scoring, table, guards=config.guards, trained_until=moment)
    own = table.scan().collect().sort(CUSTOMER_ID)
    assert floor[CUSTOMER_ID].equals(own[CUSTOMER_ID])
    for column in HORIZONS:
        assert 0.0 < own[column].mean() < 1.0
        assert (floor[column] - own[column]).abs().max() < 1e-5
    for column in DATES:
        assert floor[column].eq_missing(own[column]).mean() > 0.95  # a step apart by rounding


def test_the_floor_of_training_reads_every_event_of_every_customer_and_learns(
    bench: Bench,
) -> None:
    config = load_config(bench.config("store", EVENTS), {"encoder.hidden_size": 16})
    data = data_of(config)
    network, batches = network_of(config, data), batches_of(config, data)
    asked = [int(rows) for rows in (data.training, data.validation) for rows in rows]
    read = sum(int(batch.events.real.sum()) for batch in batches)
    assert read == sum(int(data.jagged.lengths[row]) for row in asked)
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    train.run(network, batches[:2], epochs=1, step_days=data.facts.step_days)
    after = network.state_dict()
    assert any(not after[name].equal(weight) for name, weight in before.items())
    assert all(weight.isfinite().all() for weight in after.values())
