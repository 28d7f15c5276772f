"""Waits of every head, from tame to extreme."""

from __future__ import annotations

import typing
from collections.abc import Callable

import pytest
import torch
from torch import nn

from seqchurn.config import head as head_config
from seqchurn.heads import HEADS, make_head
from seqchurn.waits.wait import Wait

CONTEXT_SIZE = 6
SPANS = {"days": (1.0, 1_000.0), "seconds": (1 / 86_400, 3_000.0)}


@pytest.fixture(scope="session")
def head_options() -> dict[str, dict[str, object]]:
    """Default fields of the config of every head, by kind."""
    configs = typing.get_args(typing.get_args(head_config.Head)[0])
    fields = [config().model_dump() for config in configs]
    return {str(field.pop("kind")): field for field in fields}


@pytest.fixture(params=HEADS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SPANS)
def span(request: pytest.FixtureRequest) -> tuple[float, float]:
    """Shortest and longest wait of interest."""
    return SPANS[request.param]


@pytest.fixture
def head(kind: str, span: tuple[float, float], head_options: dict[str, typing.Any]) -> nn.Module:
    torch.manual_seed(0)
    options = head_options[kind]
    return make_head(
        kind, context_size=CONTEXT_SIZE, shortest_days=span[0], longest_days=span[1], **options
    )


@pytest.fixture
def draw_waits(head: nn.Module) -> Callable[..., Wait]:
    """Waits of batch shape (1, n) for drawn contexts; `size` says how far from the first ones."""

    def draw(n: int, *, size: float) -> Wait:
        sizes = size * torch.rand(n, 1, generator=torch.Generator().manual_seed(1))
        noise = torch.randn(n, CONTEXT_SIZE, generator=torch.Generator().manual_seed(2))
        with torch.no_grad():
            wait: Wait = head((noise * sizes).unsqueeze(0))
        return wait

    return draw
