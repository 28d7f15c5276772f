"""Whether this machine has what the config asks to train on."""

from __future__ import annotations

from pytorch_lightning.accelerators import (
    Accelerator,
    CUDAAccelerator,
    MPSAccelerator,
    XLAAccelerator,
)

from seqchurn.errors import ConfigError

__all__ = ["check_accelerator", "fits_on_cpu"]

_MACHINES: dict[str, list[type[Accelerator]]] = {
    "cuda": [CUDAAccelerator],
    "gpu": [CUDAAccelerator, MPSAccelerator],
    "mps": [MPSAccelerator],
    "tpu": [XLAAccelerator],
}
_ALL: list[type[Accelerator]] = [CUDAAccelerator, MPSAccelerator, XLAAccelerator]


def check_accelerator(name: str) -> None:
    """Check that a Lightning accelerator is there.

    Raises:
        ConfigError: If it is not.
    """
    kinds = _MACHINES.get(name, [])
    if kinds and not any(kind.is_available() for kind in kinds):
        raise ConfigError(
            f"[training] accelerator is {name}, which this machine does not have, or not for the "
            "torch that is installed. Write auto or cpu."
        )


def fits_on_cpu(name: str) -> bool:
    """Whether a Lightning accelerator comes down to the processor on this machine."""
    return name == "cpu" or (name == "auto" and not any(kind.is_available() for kind in _ALL))
