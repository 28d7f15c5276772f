"""Disks that refuse: small real ones, which need the right to mount, and such as only seem full."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endurance.growing import Growing, State, between, left_over, prepare, state
from tests.endurance.warm import Ended, Warm

FREE = (0, 30, 60, 100, 200, 300, 400, 600, 800, 1_200)
"""Kilobytes that a run finds free; from some of them on they may be enough."""
TOO_LITTLE = 200
FILE_SIZES = (500, 4_000, 16_000)
"""Bytes that no file may exceed."""


@dataclass(frozen=True)
class Disk:
    """A small disk."""

    folder: Path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True)


@dataclass(frozen=True)
class Filled:
    """A store on a disk, and what it must hold before and after the next run."""

    warm: Warm
    order: list[str]
    store: Path
    before: State
    after: State

    def run(self) -> Ended:
        return self.warm.run(self.order)

    def is_sound(self) -> None:
        between(self.store, self.before, self.after)

    def goes_on(self) -> None:
        ended = self.run()
        assert ended.status == 0, ended.err
        assert state(self.store) == self.after
        assert left_over(self.store) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system in memory; its size is set later."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def states(growing: Growing) -> Iterator[tuple[Warm, Path, State, State]]:
    """A warm process, the store of yesterday, its state, and that of today."""
    with Warm(growing.folder) as warm:
        yesterday, today = growing.folder / "yesterday", growing.folder / "today"
        assert warm.run(growing.order(yesterday)).status == 0
        growing.fill(2)
        assert warm.run(growing.order(today)).status == 0
        yield warm, yesterday, state(yesterday), state(today)


@pytest.fixture
def filled(growing: Growing, states: tuple[Warm, Path, State, State]) -> Callable[[Path], Filled]:
    """Put the store of yesterday into a folder."""

    def put(store: Path) -> Filled:
        warm, yesterday, before, after = states
        shutil.copytree(yesterday, store)
        return Filled(warm, growing.order(store), store, before, after)

    return put


@pytest.mark.slow
@pytest.mark.parametrize("free", FREE)
def test_a_full_disk_costs_nothing(free: int, disk: Disk, filled: Callable[[Path], Filled]) -> None:
    shop = filled(disk.folder / "store")
    used = shutil.disk_usage(disk.folder).used // 1024
    disk.remount(f"size={used + free}k")
    ended = shop.run()
    if free <= TOO_LITTLE or ended.status != 0:
        refused(ended.status, ended.err, "No space left on device")
    shop.is_sound()
    disk.remount("size=1g")
    shop.goes_on()


@pytest.mark.slow
def test_a_disk_that_is_full_from_the_start_costs_nothing(
    disk: Disk, growing: Growing, states: tuple[Warm, Path, State, State]
) -> None:
    warm, _, _, after = states
    store = disk.folder / "store"
    disk.remount("size=64k")
    ended = warm.run(growing.order(store))
    refused(ended.status, ended.err, "No space left on device")
    disk.remount("size=1g")
    assert warm.run(growing.order(store)).status == 0
    assert state(store) == after


@pytest.mark.slow
def test_a_read_only_disk_costs_nothing(disk: Disk, filled: Callable[[Path], Filled]) -> None:
    shop = filled(disk.folder / "store")
    disk.remount("ro")
    ended = shop.run()
    refused(ended.status, ended.err, "Read-only file system")
    shop.is_sound()
    disk.remount("rw")
    shop.goes_on()


@pytest.mark.slow
def test_a_store_on_a_read_only_disk_is_read_and_a_run_there_ends_in_words(
    disk: Disk, filled: Callable[[Path], Filled]
) -> None:
    shop = filled(disk.folder / "store")
    shop.goes_on()
    disk.remount("ro")
    ended = shop.run()
    assert ended.status in (0, 7), ended.err
    assert "Traceback" not in ended.err
    assert state(shop.store) == shop.after


@pytest.mark.slow
@pytest.mark.parametrize("size", FILE_SIZES)
def test_files_that_may_not_grow_cost_nothing(
    size: int, filled: Callable[[Path], Filled], tmp_path: Path
) -> None:
    shop = filled(tmp_path / "store")
    limit = (size, resource.RLIM_INFINITY)
    run = prepare(shop.order, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    _, said = run.communicate()
    refused(run.returncode, said, "File too large")
    shop.is_sound()
    shop.goes_on()


def fill_at_steps(filled: Callable[[Path], Filled], steps: Iterable[int], folder: Path) -> int:
    """Let the disk be full from some change of a run on, then run again; how many failed."""
    failed = 0
    for step in steps:
        shop = filled(folder / str(step))
        ended = shop.warm.run(shop.order, full_at=step)
        if ended.status == 0:
            break
        refused(ended.status, ended.err, "No space left on device")
        shop.is_sound()
        shop.goes_on()
        failed += 1
    return failed


@pytest.mark.slow
def test_a_disk_that_fills_up_at_some_step_costs_nothing(
    filled: Callable[[Path], Filled], tmp_path: Path
) -> None:
    assert fill_at_steps(filled, range(0, 80, 8), tmp_path) > 2


@pytest.mark.soak
@pytest.mark.parametrize("part", range(2))
def test_a_disk_that_fills_up_at_any_step_costs_nothing(
    part: int, filled: Callable[[Path], Filled], tmp_path: Path
) -> None:
    assert fill_at_steps(filled, range(part, 1_000, 2), tmp_path) > 10


def refused(status: int, said: str, why: str) -> None:
    """Exit status and message of a failure that says what to do."""
    assert status == 7, said
    assert why in said or "transport error" in said  # Polars, where the end of a file did not fit
    assert "run it again" in said or "run the same again" in said
    *warnings, complaint = said.splitlines()
    assert complaint.startswith("seqchurn prepare: ")
    assert all(" warning: source " in warning for warning in warnings)
