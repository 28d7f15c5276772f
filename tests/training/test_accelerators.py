from __future__ import annotations

import pytest

from seqchurn.errors import ConfigError
from seqchurn.training.accelerators import (
    CUDAAccelerator,
    check_accelerator,
    devices_of,
    fits_on_cpu,
)


def test_more_devices_than_there_are_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CUDAAccelerator, "is_available", lambda: True)
    monkeypatch.setattr(CUDAAccelerator, "auto_device_count", lambda: 2)
    check_accelerator("cuda", 2)
    check_accelerator("cpu", 64)  # processes, as many as one likes
    found = r"\[training\] devices is 3, and this machine has 2 of accelerator cuda\. Choose fewer"
    with pytest.raises(ConfigError, match=found):
        check_accelerator("cuda", 3)
    assert [devices_of(name, 0) for name in ("cuda", "auto", "cpu")] == [2, 2, 1]
    assert devices_of("cuda", 1) == 1
    assert [fits_on_cpu(name) for name in ("cuda", "auto", "cpu")] == [False, False, True]
