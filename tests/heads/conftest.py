"""Waits of every head, from tame to extreme, with a never mass where there can be one."""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from seqchurn.config import head as head_config
from seqchurn.config.section import Section
from seqchurn.heads import make_head
from seqchurn.waits.mean_wait import MeanWait
from seqchurn.waits.scaled_hazard import ScaledHazard
from seqchurn.waits.wait import Wait

DrawWaits = Callable[..., Wait]

CONTEXT_SIZE = 6
SECOND, HOUR, DAY = 1 / 86_400, 1 / 24, 1.0
SPANS = {"days": (1.0, 1_000.0), "seconds": (1 / 86_400, 3_000.0)}


def spaced(shortest: float, longest: float, steps: int) -> Tensor:
    """Days from shortest to longest, evenly in the logarithm, shape (steps, 1, 1)."""
    days = torch.logspace(math.log10(shortest), math.log10(longest), steps, dtype=torch.float64)
    return days.view(-1, 1, 1)


def cuts_of(wait: Wait) -> Tensor:
    """Days on which the density jumps."""
    cuts: Tensor = getattr(wait, "cuts", torch.empty(0, dtype=torch.float64))
    return cuts


def assert_close(found: Tensor, expected: Tensor, *, rtol: float = 0.0, atol: float = 0.0) -> None:
    torch.testing.assert_close(found, expected.to(found).expand_as(found), rtol=rtol, atol=atol)


def _variants() -> Iterator[tuple[str, Section]]:
    for config in typing.get_args(typing.get_args(head_config.Head)[0]):
        yield config().kind, config()
        if "never" in config.model_fields:
            yield f"{config().kind} with never", config(never=True)


VARIANTS = dict(_variants())


class _Derived(nn.Module):
    """A head whose waits are made from those of others: the same laws hold for them."""

    def __init__(self, heads: list[nn.Module], derive: Callable[[list[Wait]], Wait]) -> None:
        super().__init__()
        self.heads, self.derive = nn.ModuleList(heads), derive

    def forward(self, context: Tensor) -> Wait:
        return self.derive([head(context) for head in self.heads])


def _scaled(waits: list[Wait]) -> Wait:
    return ScaledHazard(waits[0], torch.tensor(0.9, dtype=torch.float64))


DERIVED = {
    "mean of two": (["loglogistic_mixture with never", "lognormal_mixture"], MeanWait),
    "scaled hazard": (["lognormal_mixture with never"], _scaled),
}
"""Variants they are derived from, and how."""


@pytest.fixture(params=[*VARIANTS, *DERIVED])
def variant(request: pytest.FixtureRequest) -> str:
    """Name of a head with default options, or of one with a never mass."""
    return str(request.param)


@pytest.fixture
def make(variant: str) -> Callable[..., nn.Module]:
    """Makes the head of a context size and a span, with fresh weights."""
    sources, derive = DERIVED.get(variant, ([variant], MeanWait))

    def head(context_size: int, shortest_days: float, longest_days: float) -> nn.Module:
        torch.manual_seed(0)
        span = {"shortest_days": shortest_days, "longest_days": longest_days}
        made = []
        for name in sources:
            options = VARIANTS[name].model_dump()
            made.append(
                make_head(options.pop("kind"), context_size=context_size, **span, **options)
            )
        return _Derived(made, derive) if variant in DERIVED else made[0]

    return head


@pytest.fixture(params=SPANS)
def span(request: pytest.FixtureRequest) -> tuple[float, float]:
    """Shortest and longest wait of interest."""
    return SPANS[request.param]


@pytest.fixture
def head(make: Callable[..., nn.Module], span: tuple[float, float]) -> nn.Module:
    return make(CONTEXT_SIZE, *span)


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
