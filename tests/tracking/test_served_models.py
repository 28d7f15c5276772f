"""One model, many doors: command line, MLflow's pyfunc and `seqchurn.load_model` agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import polars as pl
import pytest

import seqchurn
from seqchurn.errors import ConfigError, DataError, ModelError
from seqchurn.tracking import LoadedModel, connect
from tests.shop import AS_OF, Opened

URI = "models:/shop@champion"
ATTRIBUTES = ["amount", "channel", "pages", "country", "age"]


@pytest.fixture(scope="module")
def events(whole_way: Opened) -> pl.DataFrame:
    """The events table, straight from its store."""
    return whole_way.table("events").scan().collect()


@pytest.fixture(scope="module")
def raw(events: pl.DataFrame) -> pd.DataFrame:
    """The same for MLflow: pandas with naive UTC times."""
    times = pl.col("timestamp", "known_from")
    return events.with_columns(times.dt.replace_time_zone(None)).to_pandas()


@pytest.fixture(scope="module")
def pyfunc(whole_way: Opened) -> Any:
    connect(whole_way.store)
    return mlflow.pyfunc.load_model(URI)


@pytest.fixture(scope="module")
def loaded(whole_way: Opened) -> LoadedModel:
    return seqchurn.load_model(URI, store=whole_way.store)


@pytest.fixture(scope="module")
def published(whole_way: Opened) -> pl.DataFrame:
    return whole_way.scores()


def same_scores(found: pl.DataFrame, published: pl.DataFrame) -> None:
    """Numbers to 1e-6 and everything else exactly, joined on the customer."""
    assert found.columns == published.columns
    keys = published.select("customer_id")
    found = keys.join(found, on="customer_id", how="left", maintain_order="left")
    for name, dtype in published.schema.items():
        if dtype == pl.Float64:
            assert found[name].null_count() == published[name].null_count(), name
            np.testing.assert_allclose(found[name], published[name], rtol=0, atol=1e-6)
        elif name != "model_version":
            assert found[name].to_list() == published[name].to_list(), name


def test_pyfunc_scores_as_the_command_line_does(
    pyfunc: Any, raw: pd.DataFrame, published: pl.DataFrame
) -> None:
    scores = pl.from_pandas(pyfunc.predict(raw, params={"as_of": AS_OF}))
    aware = pl.col(pl.Datetime).dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    same_scores(scores.with_columns(aware), published)
    assert scores["model_version"].unique().to_list() == [""]


def test_pyfunc_gives_what_its_signature_says(pyfunc: Any, raw: pd.DataFrame) -> None:
    scores = pyfunc.predict(raw, params={"as_of": AS_OF})
    assert pyfunc.metadata.get_output_schema().input_names() == list(scores.columns)


@pytest.mark.parametrize("aware", [True, False], ids=["aware", "naive"])
def test_polars_gives_polars(
    aware: bool, loaded: LoadedModel, events: pl.DataFrame, published: pl.DataFrame
) -> None:
    zone = "Asia/Tokyo" if aware else None
    times = pl.col("timestamp", "known_from").dt
    given = times.convert_time_zone("Asia/Tokyo") if zone else times.replace_time_zone(None)
    scores = loaded.predict(events.with_columns(given), as_of=AS_OF)
    assert scores.schema == published.schema
    same_scores(scores, published)
    assert scores["model_version"].unique().to_list() == ["1"]


@pytest.mark.parametrize("aware", [True, False], ids=["aware", "naive"])
def test_pandas_gives_pandas(
    aware: bool, loaded: LoadedModel, raw: pd.DataFrame, published: pl.DataFrame
) -> None:
    given = raw.copy()
    if aware:
        for name in ("timestamp", "known_from"):
            given[name] = given[name].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    scores = loaded.predict(given, as_of=AS_OF)
    assert isinstance(scores, pd.DataFrame)
    same_scores(pl.from_pandas(scores), published)


def test_a_moment_may_be_a_text_or_a_datetime(loaded: LoadedModel, events: pl.DataFrame) -> None:
    by_text = loaded.predict(events, as_of=AS_OF)
    for moment in (datetime(2024, 6, 15, tzinfo=UTC), datetime(2024, 6, 15), f"{AS_OF}T00:00Z"):
        assert loaded.predict(events, as_of=moment).equals(by_text)


def test_the_order_of_rows_changes_nothing(
    pyfunc: Any, loaded: LoadedModel, events: pl.DataFrame, raw: pd.DataFrame
) -> None:
    shuffled = events.sample(fraction=1.0, shuffle=True, seed=1)
    one, other = loaded.predict(events, as_of=AS_OF), loaded.predict(shuffled, as_of=AS_OF)
    assert one.equals(other)
    params = {"as_of": AS_OF}
    mixed = pyfunc.predict(raw.sample(frac=1.0, random_state=1), params=params)
    pd.testing.assert_frame_equal(pyfunc.predict(raw, params=params), mixed)


def test_columns_that_are_missing_count_as_null(
    pyfunc: Any, loaded: LoadedModel, events: pl.DataFrame, raw: pd.DataFrame
) -> None:
    empty = events.with_columns(pl.lit(None).cast(events.schema[a]).alias(a) for a in ATTRIBUTES)
    expected = loaded.predict(empty, as_of=AS_OF)
    assert not expected.equals(loaded.predict(events, as_of=AS_OF))
    bare = events.drop(ATTRIBUTES)
    assert loaded.predict(bare, as_of=AS_OF).equals(expected)
    assert loaded.predict(bare.drop("known_from"), as_of=AS_OF).equals(expected)
    served = pyfunc.predict(raw.drop(columns=[*ATTRIBUTES, "known_from"]), params={"as_of": AS_OF})
    np.testing.assert_allclose(served["p_churn"], expected["p_churn"], rtol=0, atol=1e-6)


def test_a_subset_of_customers_scores_alike(
    loaded: LoadedModel, events: pl.DataFrame, published: pl.DataFrame
) -> None:
    some = loaded.predict(events.filter(pl.col("customer_id") < "c07"), as_of=AS_OF)
    assert some["customer_id"].to_list() == [f"c{i:02}" for i in range(7)]
    np.testing.assert_allclose(some["p_churn"], published["p_churn"][:7], rtol=0, atol=1e-6)


def test_no_events_give_no_scores(
    loaded: LoadedModel, events: pl.DataFrame, published: pl.DataFrame
) -> None:
    scores = loaded.predict(events.clear(), as_of=AS_OF)
    assert scores.schema == published.schema
    assert scores.height == 0


@pytest.mark.parametrize(
    ("as_of", "complaint"),
    [
        ("", "as_of is missing: name the first instant not to be seen, as in predict"),
        ("soon", "as_of 'soon' is not a date or time: write 2017-10-01"),
        ("9999-12-31", "is of the year 9999; write a date or time of the years 1900 to 2199"),
        ("2024-06-15T05:00:00Z", "05:00:00.00:00 lies inside a step of 1 days. Choose the start"),
    ],
)
def test_a_moment_that_is_missing_or_wrong_is_refused(
    as_of: str,
    complaint: str,
    pyfunc: Any,
    loaded: LoadedModel,
    events: pl.DataFrame,
    raw: pd.DataFrame,
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        loaded.predict(events, as_of=as_of)
    with pytest.raises(ConfigError, match=complaint):
        pyfunc.predict(raw, params={"as_of": as_of} if as_of else None)


@pytest.mark.parametrize("column", ["customer_id", "timestamp", "event_type", "event_id"])
def test_events_without_a_column_they_need_are_refused(
    column: str, loaded: LoadedModel, events: pl.DataFrame
) -> None:
    with pytest.raises(DataError, match=f"the events have no column {column}; found "):
        loaded.predict(events.drop(column), as_of=AS_OF)


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("models:/shop/7", "model shop has no version or alias 7; there are versions 1. Choose"),
        ("models:/shop@best", "model shop has no version or alias best; there are versions 1"),
        ("models:/shoe@champion", "no model shoe is registered. Run seqchurn train"),
        ("shop@champion", "shop@champion is not a model: expected models:/NAME@champion"),
        ("models:/shop", "models:/shop is not a model: expected models:/NAME@champion"),
    ],
)
def test_a_model_that_does_not_exist_is_refused(
    uri: str, complaint: str, whole_way: Opened
) -> None:
    with pytest.raises(ModelError, match=complaint):
        seqchurn.load_model(uri, store=whole_way.store)


def test_a_wrong_store_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model was registered in .*/nothing/mlflow. Run"):
        seqchurn.load_model(URI, store=tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_two_stores_in_one_process_do_not_mix(whole_way: Opened, empty_mlflow: Path) -> None:
    seqchurn.load_model(URI, store=whole_way.store)
    with pytest.raises(ModelError, match="no model shop is registered"):
        seqchurn.load_model(URI, store=empty_mlflow.parent)
    seqchurn.load_model(URI, store=whole_way.store)


def test_a_date_is_a_moment_too(loaded: LoadedModel, events: pl.DataFrame) -> None:
    as_text = loaded.predict(events, as_of=AS_OF)
    assert loaded.predict(events, as_of=date.fromisoformat(AS_OF)).equals(as_text)


@pytest.mark.parametrize("column", ["amount", "timestamp"])
def test_text_in_a_column_of_numbers_or_times_is_refused(
    column: str, loaded: LoadedModel, events: pl.DataFrame
) -> None:
    wrong = events.with_columns(pl.lit("a lot").alias(column))
    complaint = (
        f"column {column} of the events is String and cannot be read as (Float32|Datetime): "
    )
    with pytest.raises(DataError, match=complaint):
        loaded.predict(wrong, as_of=AS_OF)
    with pytest.raises(DataError, match=complaint):
        loaded.predict(wrong.to_pandas(), as_of=AS_OF)


def test_a_column_of_several_types_is_refused(loaded: LoadedModel, raw: pd.DataFrame) -> None:
    mixed = raw.assign(amount=[1.0, "a lot"] * (len(raw) // 2) + [2.0] * (len(raw) % 2))
    with pytest.raises(DataError, match="column amount of the events cannot be read: .*'a lot'"):
        loaded.predict(mixed, as_of=AS_OF)


@pytest.mark.slow
def test_mlflow_models_predict_scores_as_the_command_line_does(
    whole_way: Opened, raw: pd.DataFrame, published: pl.DataFrame, tmp_path: Path
) -> None:
    """The file that a scoring server would be sent, in a process that knows MLflow only."""
    frame = raw.assign(
        **{name: raw[name].astype("string") for name in raw if raw[name].dtype.kind == "M"}
    )
    split = json.loads(frame.to_json(orient="split", index=False))
    asked, answer = tmp_path / "asked.json", tmp_path / "answer.json"
    asked.write_text(json.dumps({"dataframe_split": split, "params": {"as_of": AS_OF}}))
    command = [sys.executable, "-m", "mlflow", "models", "predict", "--model-uri", URI]
    command += ["--env-manager", "local", "--content-type", "json"]
    command += ["--input-path", str(asked), "--output-path", str(answer)]
    place = {"MLFLOW_TRACKING_URI": f"sqlite:///{whole_way.store}/mlflow/mlflow.db"}
    environment = {**os.environ, **place}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(answer.read_text())["predictions"]
    scores = pl.DataFrame(rows, infer_schema_length=None)
    times = [name for name, dtype in published.schema.items() if dtype == pl.Datetime]
    texts = pl.col(times).cast(pl.String).replace("NaT", None)  # as MLflow writes what is missing
    aware = texts.str.to_datetime(time_unit="us", time_zone="UTC")
    known = pl.col(pl.Float64).fill_nan(None)
    same_scores(scores.with_columns(aware, known).select(published.columns), published)
