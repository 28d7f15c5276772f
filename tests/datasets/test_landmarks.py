from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.datasets.batch import pad
from seqchurn.datasets.landmarks import Landmarks, Questions, ask, draw_landmark_days, place

Log = dict[str, list[tuple[float, str]]]
Make = Callable[..., Any]

FIRST_DAY = 18_262
SECOND, HOUR, DAY = 86_400, 24, 1


def drawn(
    first: list[int],
    end: int,
    *,
    steps_a_day: int,
    density: Literal["linear", "uniform"],
    landmarks: int = 200,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Drawn landmarks, first and last given in steps since the start; in steps, too."""
    step = 1 / steps_a_day
    start = FIRST_DAY * steps_a_day
    days, real = draw_landmark_days(
        torch.tensor([(start + f) * step for f in first], dtype=torch.float64),
        (start + end) * step,
        landmarks=landmarks,
        step_days=step,
        density=density,
        generator=torch.Generator().manual_seed(0),
    )
    steps = (days * steps_a_day).round()
    assert torch.equal(days, steps * step)  # on the grid of the clock, to the bit
    return steps - start, real


@pytest.mark.parametrize("density", ["linear", "uniform"])
@pytest.mark.parametrize("steps_a_day", [SECOND, HOUR, DAY])
@given(first=st.lists(st.integers(0, 500), min_size=1, max_size=5), end=st.integers(0, 500))
def test_landmarks_lie_after_the_first_step_and_before_the_end(
    steps_a_day: int, density: Literal["linear", "uniform"], first: list[int], end: int
) -> None:
    steps, real = drawn(first, end, steps_a_day=steps_a_day, density=density, landmarks=20)
    for i, begun in enumerate(first):
        assert real[i].tolist() == [begun < end - 1] * 20
        if begun < end - 1:
            assert (steps[i] >= begun + 1).all()
            assert (steps[i] <= end - 1).all()


def test_a_span_of_three_days_has_landmarks_on_both_inner_days() -> None:
    steps, real = drawn([0, 1, 2, 3], 3, steps_a_day=1, density="uniform")
    assert set(steps[0].tolist()) == {1.0, 2.0}
    assert set(steps[1].tolist()) == {2.0}
    assert real[:, 0].tolist() == [True, True, False, False]


@pytest.mark.parametrize(("density", "mean"), [("linear", 2 / 3), ("uniform", 1 / 2)])
def test_a_linear_density_has_its_mean_at_two_thirds_of_the_span(
    density: Literal["linear", "uniform"], mean: float
) -> None:
    steps, _ = drawn([0], 3_000, steps_a_day=1, density=density, landmarks=50_000)
    assert float(steps.mean()) / 3_000 == pytest.approx(mean, abs=0.005)


@pytest.fixture(scope="module")
def asked(sequences_of: Make, jagged_of: Make) -> Callable[..., tuple[Landmarks, Questions]]:
    """Landmarks and questions for every customer of a log, all in steps since the start."""

    def at(
        log: Log, end: int, steps: list[list[int]], *, steps_a_day: int = 1
    ) -> tuple[Landmarks, Questions]:
        step, start = 1 / steps_a_day, FIRST_DAY * steps_a_day
        jagged = jagged_of(sequences_of(log), end / steps_a_day, step_days=step)
        events = pad(jagged, torch.arange(len(log)))
        days = (torch.tensor(steps, dtype=torch.float64) + start) * step
        real = torch.ones_like(days, dtype=torch.bool)
        at_events = {"grid": events.grid, "wait_start": events.wait_start}
        landmarks = place(days, real, **at_events, step_days=step)
        end_day = (start + end) * step
        following = events.next_target
        return landmarks, ask(landmarks, next_target=following, end_day=end_day, step_days=step)

    return at


def test_the_answers_are_those_by_hand(asked: Make) -> None:
    log = {
        "orders": [(0.3, "order"), (2.1, "view"), (4.6, "order"), (7.9, "order")],
        "never": [(1.0, "view"), (6.0, "view")],
        "late": [(0.0, "view"), (6.5, "order"), (8.0, "order")],
    }
    landmarks, questions = asked(log, 8, [[1, 4, 5], [2, 6, 7], [1, 6, 7]])
    assert landmarks.position.tolist() == [[0, 1, 2], [0, 0, 1], [0, 0, 1]]
    assert (landmarks.wait_start - FIRST_DAY).tolist() == [[0, 0, 4], [1, 1, 1], [0, 0, 6]]
    # day 4: the order of that day is still to come; day 5: the next falls on the last day
    assert questions.days.tolist() == [[4, 4, 3], [7, 7, 7], [6, 6, 2]]
    assert questions.survived_days.tolist() == [[0, 3, 0], [0, 4, 5], [0, 5, 0]]
    assert questions.observed.tolist() == [
        [True, True, True],
        [False, False, False],
        [True, True, False],  # the order on the end day is not seen
    ]


def test_an_order_on_the_end_day_counts_as_censored_even_if_it_is_known() -> None:
    landmarks = Landmarks(
        day=torch.tensor([[3.0]]),
        position=torch.tensor([[0]]),
        wait_start=torch.tensor([[1.0]]),
        real=torch.tensor([[True]]),
    )
    for next_day, observed in ((4.0, True), (5.0, False), (6.0, False), (math.inf, False)):
        found = ask(landmarks, next_target=torch.tensor([[next_day]]), end_day=5.0, step_days=1.0)
        assert found.observed.item() is observed
        assert found.days.item() == min(next_day, 5.0) - 1.0
        assert found.survived_days.item() == 1.0


@given(data=st.data(), steps_a_day=st.sampled_from([DAY, HOUR, SECOND]), end=st.integers(1, 9))
def test_questions_are_those_of_a_plain_reading_of_the_log(
    data: st.DataObject,
    steps_a_day: int,
    end: int,
    logs: st.SearchStrategy[Log],
    asked: Make,
) -> None:
    events = next(iter(data.draw(logs).values()))
    step_of = [math.floor(day * steps_a_day) for day, _ in events]
    last = end * steps_a_day
    if step_of[0] + 1 >= last:
        return
    near = [s + d for s in step_of for d in (0, 1) if step_of[0] < s + d < last]
    landmark = data.draw(st.sampled_from([*near, step_of[0] + 1, last - 1]))
    found, questions = asked({"a": events}, last, [[landmark]], steps_a_day=steps_a_day)
    seen = [i for i, s in enumerate(step_of) if s < landmark]
    orders = [s for s, (_, kind) in zip(step_of, events, strict=True) if kind == "order"]
    wait_start = max((s for s in orders if s < landmark), default=step_of[0])
    coming = [s for s in orders if landmark <= s < last]
    assert found.position.item() == seen[-1]
    assert questions.observed.item() is bool(coming)
    expected = (min(coming, default=last) - wait_start) / steps_a_day
    assert questions.days.item() == pytest.approx(expected, rel=1e-15)
    survived = (landmark - wait_start - 1) / steps_a_day
    assert questions.survived_days.item() == pytest.approx(survived, rel=1e-15, abs=0)
    assert 0.0 <= questions.survived_days.item() <= questions.days.item() - 1 / steps_a_day + 1e-12
