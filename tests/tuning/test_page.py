from __future__ import annotations

from seqchurn.tuning import State, Trial, best_of, configured_of, tuning_page

CONFIGURED = {"training.learning_rate": 0.002, "encoder.hidden_size": 64}


def trial(number: int, loss: float, state: State = State.WHOLE, rate: float = 0.01) -> Trial:
    values = {"training.learning_rate": rate, "encoder.hidden_size": 64}
    return Trial(number, values, state, (loss,))


OWN = trial(0, 3.0, rate=0.002)


def test_the_best_trials_stand_above_that_of_the_config_as_it_is() -> None:
    found = [OWN, trial(1, 2.5), trial(2, 3.5), trial(3, 9.0, State.PRUNED)]
    lines = tuning_page(found, CONFIGURED).splitlines()
    assert lines[0] == "3 whole, 1 pruned"
    assert [line.split() for line in [lines[4], *lines[6:]]] == [
        ["trial", "loss", "gain", "learning_rate", "hidden_size"],
        ["1", "2.5000", ".5000", "0.01", "64"],
        ["0", "3.0000", ".0000", "0.002", "64", "as", "configured"],
        ["2", "3.5000", "-.5000", "0.01", "64"],
    ]


def test_of_many_trials_the_best_are_shown_and_always_the_config_as_it_is() -> None:
    page = tuning_page([OWN, *(trial(n, 1 + n / 100) for n in range(1, 40))], CONFIGURED)
    assert len(page.splitlines()) < 20
    assert page.splitlines()[-1].endswith("as configured")


def test_without_whole_trials_it_says_what_to_do() -> None:
    page = tuning_page([trial(0, 3.0, State.CUT_OFF)], CONFIGURED)
    assert page.startswith("1 cut off\n")
    assert page.endswith("no trial went through all cutoffs yet: run it again, or longer")
    assert tuning_page([], CONFIGURED).startswith("no trial yet\n")


def test_a_config_that_diverges_has_no_gain_to_be_told() -> None:
    own = Trial(0, OWN.values, State.DIVERGED, ())
    lines = tuning_page([own, trial(1, 2.5)], CONFIGURED).splitlines()
    assert lines[-2].split() == ["1", "2.5000", "-", "0.01", "64"]
    assert lines[-1].split() == ["0", "diverged", "-", "0.002", "64", "as", "configured"]


def test_keys_of_two_sections_are_told_apart() -> None:
    configured = {"encoder.hidden_size": 64, "head.hidden_size": 64, "head.components": 3}
    found = [Trial(0, configured, State.WHOLE, (3.0,))]
    heads = tuning_page(found, configured).splitlines()[4].split()
    assert heads[3:] == ["encoder.hidden_size", "head.hidden_size", "components"]


def test_the_best_is_the_oldest_of_those_with_the_lowest_loss() -> None:
    assert best_of([OWN, trial(1, 2.5), trial(2, 2.5), trial(3, 1.0, State.PRUNED)]) == trial(
        1, 2.5
    )
    assert best_of([trial(3, 1.0, State.PRUNED)]) is None
    cut_off = Trial(0, OWN.values, State.CUT_OFF, ())
    assert configured_of([cut_off, trial(1, 2.0), OWN], CONFIGURED) is OWN
