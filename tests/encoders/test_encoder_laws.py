"""Laws that hold for every encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
import torch
from torch import Tensor

from seqchurn.datasets.batch import pad
from seqchurn.datasets.codebook import Attributes, Codebook
from seqchurn.datasets.facts import DataFacts
from seqchurn.datasets.jagged import Jagged
from seqchurn.datasets.landmarks import Landmarks, place
from seqchurn.encoders import ENCODERS, RecurrentEncoder, make_encoder

pytestmark = pytest.mark.usefixtures("one_thread")

FIRST_DAY, END = 18_262.0, 60.0
DAYS = [20.0, 33.0, 47.0, 60.0]

Options = dict[str, dict[str, object]]


def contexts(
    encoder: RecurrentEncoder, jagged: Jagged, rows: list[int], days: list[float]
) -> Tensor:
    """Context of some customers at days since the start, shape (B, L, C)."""
    events = pad(jagged, torch.tensor(rows))
    day = torch.tensor(days, dtype=torch.float64).expand(len(rows), -1) + FIRST_DAY
    real = torch.ones_like(day, dtype=torch.bool)
    landmarks = place(
        day.contiguous(), real, grid=events.grid, wait_start=events.wait_start, step_days=1.0
    )
    with torch.no_grad():
        found: Tensor = encoder(events, landmarks)
    return found


def begun(jagged: Jagged, day: float) -> list[int]:
    """Rows of the customers seen before a day since the start."""
    firsts = jagged.grid[jagged.offsets[:-1]]
    return torch.nonzero(firsts < FIRST_DAY + day).flatten().tolist()


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_every_encoder_has_a_config_and_every_config_an_encoder(encoder_options: Options) -> None:
    assert encoder_options.keys() == ENCODERS.keys()


def test_a_context_is_as_wide_as_the_encoder_says(
    encoder: RecurrentEncoder, history: Jagged
) -> None:
    found = contexts(encoder, history, [0, 1, 2], DAYS)
    assert found.shape == (3, len(DAYS), encoder.size)
    assert found.isfinite().all()
    assert found.std(dim=0).amax() > 0.1  # customers differ


@pytest.mark.parametrize("day", DAYS)
def test_the_context_of_the_whole_is_that_of_the_part_before_the_landmark(
    day: float,
    encoder: RecurrentEncoder,
    history: Jagged,
    sequences: pl.DataFrame,
    attributes: Attributes,
    codebook: Codebook,
    jagged_of: Callable[..., Jagged],
) -> None:
    part = jagged_of(sequences, day, attributes=attributes, codebook=codebook)
    rows = begun(history, day)
    assert part.customer_ids.to_list() == history.customer_ids.gather(rows).to_list()
    expected = contexts(encoder, part, list(range(len(part))), [day])
    assert_close(contexts(encoder, history, rows, [day]), expected)


@pytest.mark.parametrize("day", DAYS[:-1])
def test_a_later_event_never_changes_an_earlier_context(
    day: float, encoder: RecurrentEncoder, history: Jagged
) -> None:
    later = history.grid >= FIRST_DAY + day  # an event on the landmark day is a later one
    assert later.any()
    altered = replace(
        history,
        time=torch.where(later, history.time + 0.3, history.time),
        event_type=torch.where(later, 1, history.event_type),
        gap_days=torch.where(later, 99.0, history.gap_days),
        quiet_days=torch.where(later, 99.0, history.quiet_days),
        multiplicity=torch.where(later, 9.0, history.multiplicity),
        wait_start=torch.where(later, history.wait_start + 1.0, history.wait_start),
        next_target=history.next_target + 1.0,  # the answer is no input either
        numbers=torch.where(later.unsqueeze(1), 5.0, history.numbers),
        categories=torch.where(later.unsqueeze(1), 1, history.categories),
    )
    rows, days = begun(history, 20.0), [d for d in DAYS if d <= day]
    before = contexts(encoder, history, rows, days)
    assert torch.equal(contexts(encoder, altered, rows, days), before)
    after = contexts(encoder, history, rows, [60.0])
    assert not torch.allclose(contexts(encoder, altered, rows, [60.0]), after)


def test_an_earlier_event_changes_a_later_context(
    encoder: RecurrentEncoder, history: Jagged
) -> None:
    first = torch.zeros_like(history.event_type, dtype=torch.bool)
    first[history.offsets[:-1]] = True
    altered = replace(history, event_type=torch.where(first, 1, history.event_type))
    rows = begun(history, 20.0)
    change = contexts(encoder, altered, rows, DAYS) - contexts(encoder, history, rows, DAYS)
    assert (change.abs().amax(dim=(1, 2)) > 1e-5).all()


def test_padding_and_the_order_of_customers_change_nothing(
    encoder: RecurrentEncoder, history: Jagged
) -> None:
    rows = begun(history, 20.0)
    assert len(history.lengths[rows].unique()) > 5
    together = contexts(encoder, history, rows, DAYS)
    alone = [contexts(encoder, history, [row], DAYS) for row in rows]
    assert_close(together, torch.cat(alone))
    assert_close(contexts(encoder, history, rows[::-1], DAYS), together.flip(0))


def test_landmarks_do_not_know_each_other(encoder: RecurrentEncoder, history: Jagged) -> None:
    rows = begun(history, 20.0)
    together = contexts(encoder, history, rows, DAYS)
    alone = [contexts(encoder, history, rows, [day]) for day in DAYS]
    assert_close(together, torch.cat(alone, dim=1))


def test_static_attributes_are_hidden_before_they_are_known(
    encoder: RecurrentEncoder,
    sequences: pl.DataFrame,
    attributes: Attributes,
    codebook: Codebook,
    jagged_of: Callable[..., Jagged],
    start: datetime,
) -> None:
    def history(age: float, town: str) -> Jagged:
        known_from = start + timedelta(days=33, hours=6)
        changed = sequences.with_columns(age=age, town=pl.lit(town), known_from=known_from)
        return jagged_of(changed, END, attributes=attributes, codebook=codebook)

    one, other = history(20.0, "u"), history(80.0, "v")
    rows = begun(one, 20.0)
    before, after = DAYS[:2], DAYS[2:]  # known in the course of day 33, so hidden as it starts
    assert torch.equal(contexts(encoder, one, rows, before), contexts(encoder, other, rows, before))
    change = contexts(encoder, one, rows, after) - contexts(encoder, other, rows, after)
    assert (change.abs().amax(dim=2) > 1e-3).all()


def test_an_attribute_not_yet_known_looks_like_a_missing_one(
    encoder: RecurrentEncoder, history: Jagged
) -> None:
    rows = begun(history, 20.0)
    flags = history.static_numbers.shape[1] // 2
    numbers = torch.zeros_like(history.static_numbers)
    numbers[:, flags:] = 1.0
    missing = replace(
        history,
        static_numbers=numbers,
        static_categories=torch.zeros_like(history.static_categories),
    )
    on_the_landmark = torch.full_like(history.known_from, FIRST_DAY + 33.0)
    found = contexts(encoder, replace(history, known_from=on_the_landmark), rows, DAYS)
    assert torch.equal(found[:, :2], contexts(encoder, missing, rows, DAYS)[:, :2])
    assert torch.equal(found[:, 2:], contexts(encoder, history, rows, DAYS)[:, 2:])


def test_an_encoder_works_without_memories(
    kind: str, facts: DataFacts, encoder_options: Options, history: Jagged
) -> None:
    options = {**encoder_options[kind], "memories": 0}
    encoder = make_encoder(kind, facts, **options).eval()
    found = contexts(encoder, history, begun(history, 20.0), DAYS)
    assert found.shape[-1] == encoder.size
    assert found.isfinite().all()


def test_every_parameter_learns(encoder: RecurrentEncoder, history: Jagged) -> None:
    events = pad(history, torch.tensor(begun(history, 20.0)))
    landmarks = Landmarks(
        day=torch.full((len(events.real), 1), FIRST_DAY + END, dtype=torch.float64),
        position=events.real.sum(dim=1, keepdim=True) - 1,
        wait_start=events.wait_start[:, :1],
        real=torch.ones(len(events.real), 1, dtype=torch.bool),
    )
    encoder(events, landmarks).square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name
