from __future__ import annotations

from typing import Any

import pytest

from seqchurn.commands.fits import Fits
from seqchurn.progress import Work


class Seen(Work):
    def say(self, what: str) -> None:
        self.said = what

    def reach(self, count: float, total: float) -> None:
        self.at = count, total


def fits(networks: int) -> tuple[Fits, Any]:
    seen = Seen()
    return Fits(seen, events=100, networks=networks, max_epochs=25), seen


def test_networks_are_counted_together() -> None:
    told, seen = fits(3)
    told.reach(1, 0.0, 25)
    assert (seen.said, seen.at) == ("network 1 of 3, epoch 1 of 25", (0.0, 7500.0))
    told.reach(2, 0.0, 25)
    told.reach(1, 6.25, 25)
    told.reach(2, 5.0, 25)
    assert seen.said == "networks 1-2 of 3, epoch 6 of 25"
    assert seen.at == pytest.approx((1125.0, 7500.0))


def test_epochs_that_are_spared_are_not_left_to_do() -> None:
    told, seen = fits(2)
    told.reach(1, 0.0, 25)
    told.reach(1, 12.0, 12)  # it stops early
    assert seen.at == pytest.approx((1200.0, 3700.0))
    told.reach(2, 20.0, 25)  # it was cut off there
    assert seen.at == pytest.approx((1200.0, 1700.0))
    told.reach(2, 25.0, 25)
    assert seen.at == pytest.approx((1700.0, 1700.0))
    assert seen.said == "network 2 of 2, epoch 25 of 25"


def test_a_fit_that_is_read_again_changes_nothing() -> None:
    told, seen = fits(1)
    for behind, end in [(0.0, 25), (12.0, 12), (12.0, 25), (12.0, 12)]:
        told.reach(1, behind, end)
    assert seen.at == pytest.approx((1200.0, 1200.0))
