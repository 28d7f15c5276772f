from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from seqchurn.config.space import Setting
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.tuning import Attempt, Search, State, import_optuna

RATE = Setting("training.learning_rate", 0.002, low=5e-4, high=0.01, log=True)
SIZE = Setting("encoder.hidden_size", 64, choices=(32, 64))
MEMORIES = Setting("encoder.memories", 8, low=0, high=16)
SETTINGS = [RATE, SIZE, MEMORIES]
CONFIGURED = {setting.name: setting.configured for setting in SETTINGS}


def opened(folder: Path, name: str = "a", **options: Any) -> Search:
    return Search(folder / "study.db", name, SETTINGS, **{"startup": 2, "seed": 0, **options})


def whole(search: Search, *losses: float) -> Attempt:
    attempt = search.begin()
    for loss in losses:
        search.add(attempt, loss)
    search.end(attempt, State.WHOLE)
    return attempt


def test_the_first_trial_is_the_config_as_it_is(tmp_path: Path) -> None:
    search = opened(tmp_path)
    assert search.trials() == []
    assert search.begin().values == CONFIGURED


def test_what_is_drawn_lies_in_the_space(tmp_path: Path) -> None:
    search = opened(tmp_path)
    drawn = [whole(search, 1.0).values for _ in range(13)]
    assert len({tuple(values.values()) for values in drawn}) == 13
    for values in drawn:
        assert list(values) == [setting.name for setting in SETTINGS]
        assert RATE.low <= values[RATE.name] <= RATE.high
        assert values[SIZE.name] in SIZE.choices
        assert values[MEMORIES.name] in range(17)


def test_trials_are_kept_with_their_means(tmp_path: Path) -> None:
    search = opened(tmp_path)
    whole(search, 3.0, 2.0)
    for losses, state in ([4.0], State.PRUNED), ([], State.DIVERGED):
        attempt = search.begin()
        for loss in losses:
            search.add(attempt, loss)
        search.end(attempt, state)
    search.begin()
    found = opened(tmp_path).trials()
    assert [trial.state for trial in found[:3]] == [State.WHOLE, State.PRUNED, State.DIVERGED]
    assert [trial.losses for trial in found[:3]] == [(3.0, 2.5), (4.0,), ()]
    assert [trial.loss for trial in found[:3]] == [2.5, None, None]
    assert [trial.ended for trial in found] == [True, True, True, False]
    assert found[3].state is State.CUT_OFF


def test_another_study_begins_anew_in_the_same_file(tmp_path: Path) -> None:
    whole(opened(tmp_path), 1.0)
    other = opened(tmp_path, "b")
    assert other.trials() == []
    assert other.begin().values == CONFIGURED
    assert len(opened(tmp_path).trials()) == 1


def go_on(search: Search, trials: int) -> None:
    for _ in range(trials):
        attempt = search.begin()
        search.add(attempt, abs(attempt.values[RATE.name] - 0.004) + attempt.values[MEMORIES.name])
        search.end(attempt, State.WHOLE)


@pytest.mark.parametrize(("after", "trials"), [(0, 2), (3, 12)])  # the first ten are drawn evenly
def test_a_search_that_was_cut_off_goes_on_as_an_unbroken_one(
    after: int, trials: int, tmp_path: Path
) -> None:
    unbroken = opened(tmp_path, "unbroken")
    go_on(unbroken, trials)
    broken = opened(tmp_path, "broken")
    go_on(broken, after)
    broken.add(broken.begin(), 9.0)
    go_on(opened(tmp_path, "broken"), trials - after)
    found = opened(tmp_path, "broken").trials()
    expected = [trial.values for trial in unbroken.trials()]
    assert [trial.values for trial in found if trial.ended] == expected
    assert [trial.state for trial in found].count(State.CUT_OFF) == 1


def test_the_median_is_that_of_whole_trials_at_the_same_cutoff(tmp_path: Path) -> None:
    search = opened(tmp_path, startup=3)
    for losses in (1.0, 5.0), (2.0, 2.0), (6.0, 4.0):
        whole(search, *losses)
    pruned = search.begin()
    assert search.add(pruned, 9.0) == 2.0
    search.end(pruned, State.PRUNED)
    attempt = search.begin()
    assert search.add(attempt, 1.0) == 2.0
    assert search.add(attempt, 2.0) == 3.0  # of means 3, 2 and 5
    assert attempt.mean == 1.5


def test_there_is_no_median_before_there_are_enough_whole_trials(tmp_path: Path) -> None:
    search = opened(tmp_path, startup=2)
    whole(search, 1.0)
    attempt = search.begin()
    assert search.add(attempt, 9.0) is None


def test_a_damaged_file_is_named_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"no database" * 1_000)
    said = f"the study {tmp_path}/study.db cannot be read or written: "
    with pytest.raises(EnvironmentFailure, match=re.escape(said)) as caught:
        opened(tmp_path)
    assert "a damaged file has to be moved away. Then run it again." in str(caught.value)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match="a search needs Optuna, which cannot be imported") as e:
        import_optuna()
    assert str(e.value).endswith("Install it: pip install 'seqchurn[tune]'.")


def test_optuna_says_nothing_by_itself(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "optuna"):
        whole(opened(tmp_path), 1.0)
    assert capfd.readouterr() == ("", "")
    assert "A new study created" in caplog.text  # where all other lines go
