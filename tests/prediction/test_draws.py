from __future__ import annotations

import numpy as np
import polars as pl

from seqchurn.prediction.draws import streams, uniforms


def test_draws_are_those_of_splitmix64() -> None:
    """The first numbers of the published generator from seed 1234567, as 53-bit fractions."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    found = [uniforms(np.array([1_234_567], dtype=np.uint64), n)[0] for n in range(3)]
    np.testing.assert_allclose(found, np.array(published) / 2.0**64, rtol=1e-14)


def test_a_stream_belongs_to_the_customer_and_the_path_alone() -> None:
    path = np.array([0, 1, 0])
    some = streams(pl.Series(["a", "a", "b"]), path, seed=0)
    again = streams(pl.Series(["b", "z", "a", "a"]), np.array([0, 0, 0, 1]), seed=0)
    assert some.tolist() == again[[2, 3, 0]].tolist()
    assert len({*some.tolist(), *streams(pl.Series(["a", "a", "b"]), path, seed=1).tolist()}) == 6


def test_streams_stay_what_they_are() -> None:
    """Golden: scores of a version must be the scores of the next."""
    start = streams(pl.Series(["c01"]), np.array([0]), seed=0)
    np.testing.assert_allclose(uniforms(start, 0), [0.6285563041861051], atol=1e-12)


def test_draws_are_uniform_and_independent() -> None:
    ids = pl.Series([f"c{i}" for i in range(2_000)])
    start = streams(ids, np.zeros(2_000, dtype=np.int64), seed=0)
    draws = np.stack([uniforms(start, n) for n in range(10)])  # (10, 2000)
    assert ((draws > 0) & (draws < 1)).all()
    counts = np.histogram(draws, bins=20, range=(0, 1))[0]
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 45  # chi-square, 19 degrees: p < .001
    correlations = np.corrcoef(draws)[np.triu_indices(10, 1)]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(2_000)
