"""Whether this machine has what the config asks to train on."""

from __future__ import annotations

from pytorch_lightning.accelerators import (
    Accelerator,
    CUDAAccelerator,
    MPSAccelerator,
    XLAAccelerator,
)

from seqchurn.errors import ConfigError

__all__ = ["check_accelerator", "devices_of", "fits_on_cpu"]

_MACHINES: dict[str, list[type[Accelerator]]] = {
    "cuda": [CUDAAccelerator],
    "gpu": [CUDAAccelerator, MPSAccelerator],
    "mps": [MPSAccelerator],
    "tpu": [XLAAccelerator],
}
_ALL: list[type[Accelerator]] = [CUDAAccelerator, MPSAccelerator, XLAAccelerator]


def check_accelerator(name: str, devices: int) -> None:
    """Check that a Lightning accelerator is there, with as many devices as are asked for.

    Raises:
        ConfigError: If it is not.
    """
    kinds = _MACHINES.get(name, [])
    if kinds and not any(kind.is_available() for kind in kinds):
        raise ConfigError(
            f"[training] accelerator is {name}, which this machine does not have, or not for the "
            "torch that is installed. Write auto or cpu."
        )
    found = _devices(name)
    if 0 < found < devices:
        raise ConfigError(
            f"[training] devices is {devices}, and this machine has {found} of accelerator {name}. "
            "Choose fewer, or 0 for all of them."
        )


def devices_of(name: str, devices: int) -> int:
    """How many devices fit one network: as configured; for 0 all of a Lightning accelerator."""
    return devices or max(_devices(name), 1)


def fits_on_cpu(name: str) -> bool:
    """Whether a Lightning accelerator comes down to the processor on this machine."""
    return name == "cpu" or (name == "auto" and not _devices(name))


def _devices(name: str) -> int:
    """Devices of the accelerator that can fit together; none if the processor is it."""
    kinds = _ALL if name == "auto" else _MACHINES.get(name, [])
    kind = next((kind for kind in kinds if kind.is_available()), None)
    if kind is XLAAccelerator:
        return 1  # its cores fit together by another strategy
    return 0 if kind is None else kind.auto_device_count()
