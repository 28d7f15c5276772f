"""Processes that fit one network together: who they are, and how many.

Each learns from customers of its own and holds a copy of the network. In every step what they have
summed is divided by the landmarks that they have counted together, so that a step is the one that a
single process would make of all their batches.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

__all__ = ["ALONE", "Rank"]

_HERE = "127.0.0.1"


@dataclass(frozen=True)
class Rank:
    """One of the processes that fit a network together."""

    number: int
    """From 0 on."""
    of: int
    """How many there are."""
    port: int
    """Of this machine, where the first one waits for the others."""

    def join(self) -> None:
        """Say in the environment which one this is, as Lightning and torch look for it."""
        os.environ |= {
            "MASTER_ADDR": _HERE,
            "MASTER_PORT": str(self.port),
            "WORLD_SIZE": str(self.of),
            "NODE_RANK": "0",
            "LOCAL_RANK": str(self.number),
            "OMP_NUM_THREADS": str(torch.get_num_threads()),  # else Lightning takes all cores
        }


ALONE = Rank(0, 1, 0)
