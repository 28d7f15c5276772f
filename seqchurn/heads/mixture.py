"""Context vectors -> waits that are mixtures, in log days, of one bell: what such heads share.

A component is a standard bell Z, moved to its scale and narrowed by its shape: its order has come
by day t if Z <= shape * log(t / scale). Scales spread from short waits to long ones let the mixture
take any form. Two more components may stand at the ends, for orders that come at once and for
customers who never order again. With K components between them, and since a bell is symmetric:

    S(t) = at_once [t < 1e-9] + sum_k w_k P(Z <= ahead_k(t)) + never
    ahead_k(t) = shape_k log(scale_k / t) = -behind_k(t)

Shapes: B customers, L landmarks, C context, K components.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from seqchurn.waits.inverse import falls_to_zero
from seqchurn.waits.wait import LONGEST_DAYS, SHORTEST_DAYS, Wait, log1mexp, log_days, log_ratio

__all__ = ["MixtureHead", "MixtureWait"]


class MixtureWait(Wait):
    """Mixture of waits whose logarithms have one symmetric bell.

    What comes at once is an atom at 1e-9 days. It lies in every interval that starts at zero, is
    over after any quiet time, and is not in the density, which integrates to one minus it and
    minus the never mass.

    Args:
        log_weight: Log weights of the components, up to a constant, shape (B, L, K).
        log_scale: Log of the median days of each component, shape (B, L, K).
        log_shape: Log of the shapes; the larger, the narrower the bell, shape (B, L, K).
        at_once: Log weight of orders that come at once, up to the same constant, shape (B, L).
        never: Log weight of customers who never order again, likewise.
    """

    def __init__(
        self,
        log_weight: Tensor,
        log_scale: Tensor,
        log_shape: Tensor,
        *,
        at_once: Tensor | None = None,
        never: Tensor | None = None,
    ) -> None:
        log_weight = log_weight.double()
        self.weight = F.softmax(log_weight, dim=-1)  # (B, L, K) among the components
        self._log_weight = log_weight
        self.log_scale = log_scale.double()
        self.shape = log_shape.double().exp()
        self.log_at_once: Tensor | None = None
        self.log_forever: Tensor | None = None
        self.log_share = torch.zeros_like(log_weight[..., 0])  # of components in the whole
        if at_once is not None or never is not None:
            self._divide(log_weight, at_once, never)

    def _divide(self, log_weight: Tensor, at_once: Tensor | None, never: Tensor | None) -> None:
        """Divides the whole between the components and the ends."""
        components = torch.logsumexp(log_weight, dim=-1)
        parts = [part.double() for part in (components, at_once, never) if part is not None]
        share, *ends = F.log_softmax(torch.stack(parts), dim=0)
        self.log_share = share
        self.log_at_once = ends[0] if at_once is not None else None
        self.log_forever = ends[-1] if never is not None else None

    @abstractmethod
    def _log_tail(self, ahead: Tensor) -> Tensor:
        """Log of sum_k w_k P(Z <= ahead_k) for ahead of shape (..., B, L, K)."""

    @abstractmethod
    def _log_bell(self, ahead: Tensor) -> Tensor:
        """Log of sum_k w_k shape_k density(ahead_k): the density per unit of log days."""

    @abstractmethod
    def _log_between(self, ahead: Tensor, behind: Tensor, gap: Tensor) -> Tensor:
        """Log of sum_k w_k P(-ahead_k < Z <= behind_k).

        Args:
            ahead: At the start of an interval, shape (..., B, L, K).
            behind: At its end.
            gap: -(ahead + behind) < 0 without rounding.
        """

    @staticmethod
    @abstractmethod
    def _ahead_at(log_tail: Tensor) -> Tensor:
        """Where log P(Z <= ahead) = log_tail < 0, to within one."""

    @property
    def log_weight(self) -> Tensor:
        """Log weights among the components, shape (B, L, K)."""
        return F.log_softmax(self._log_weight, dim=-1)

    @property
    def log_never(self) -> Tensor:
        """Log P(wait = inf): what survival falls to; -inf without a never mass."""
        if self.log_forever is None:
            return torch.full_like(self.log_share, -math.inf)
        return self.log_forever

    def log_survival(self, days: Tensor) -> Tensor:
        """Log P(wait > days)."""
        between = self.log_share + self._log_tail(self._ahead(days))
        everywhere = torch.ones((), dtype=torch.bool, device=days.device)
        return self._with_ends(between, at_once=days < SHORTEST_DAYS, never=everywhere)

    def log_density(self, days: Tensor) -> Tensor:
        """Log density of the part between the ends, per day."""
        return self.log_share + self._log_bell(self._ahead(days)) - log_days(days)

    def log_interval(self, start: Tensor, end: Tensor) -> Tensor:
        """Log P(start < wait <= end), a sum over components: exact at any width."""
        behind = self.shape * (log_days(end).unsqueeze(-1) - self.log_scale)  # (..., B, L, K)
        gap = self.shape * -log_ratio(start, end).unsqueeze(-1)  # (..., B, L, K)
        mass = self.log_share + self._log_between(self._ahead(start), behind, gap)
        at_once = (start < SHORTEST_DAYS) & (end >= SHORTEST_DAYS)
        return self._with_ends(mass, at_once=at_once, never=end == math.inf)

    @torch.no_grad()
    def days_at(self, log_survival: Tensor) -> Tensor:
        """Inverse of survival: the ends are taken off, what is left is sought in the components."""
        log_above, never = _less(log_survival, self.log_forever)
        log_below, at_once = _less(log1mexp(-log_survival), self.log_at_once)
        log_days_at = self._log_days_at(log_below - self.log_share, log_above - self.log_share)
        days = log_days_at.exp().clamp(min=SHORTEST_DAYS).masked_fill(at_once, SHORTEST_DAYS)
        return days.masked_fill((days > LONGEST_DAYS) | never, math.inf)

    def _ahead(self, days: Tensor) -> Tensor:
        """How far ahead of days each scale lies, in units of its bell, shape (..., B, L, K)."""
        return self.shape * (self.log_scale - log_days(days).unsqueeze(-1))

    def _with_ends(self, log_mass: Tensor, *, at_once: Tensor, never: Tensor) -> Tensor:
        """Adds the ends to a mass, each where it is part of it."""
        for log_end, inside in ((self.log_at_once, at_once), (self.log_forever, never)):
            if log_end is not None:
                log_mass = torch.where(inside, torch.logaddexp(log_mass, log_end), log_mass)
        return log_mass

    def _log_days_at(self, log_below: Tensor, log_above: Tensor) -> Tensor:
        """Log days with such masses of the components below and above, which sum to one.

        Sought by the smaller mass, which rounding spares: as a tail, above on the axis of log
        days or below on its mirror image. It lies between the days of all components.
        """
        side = torch.where(log_below < log_above, -1.0, 1.0).double()
        log_tail = torch.minimum(log_below, log_above)  # (..., B, L)
        center = side.unsqueeze(-1) * self.log_scale  # (..., B, L, K)

        def read(point: Tensor) -> tuple[Tensor, Tensor]:
            ahead = self.shape * (center - point.unsqueeze(-1))  # (..., B, L, K)
            found = self._log_tail(ahead)
            return found - log_tail, -(self._log_bell(ahead) - found).exp()

        single = center - self._ahead_at(log_tail).unsqueeze(-1) / self.shape  # (..., B, L, K)
        low, high = (single - 1.0 / self.shape).amin(-1), (single + 1.0 / self.shape).amax(-1)
        return side * falls_to_zero(read, low, (self.weight * single).sum(dim=-1), high)


def _less(log_mass: Tensor, log_part: Tensor | None) -> tuple[Tensor, Tensor]:
    """Log of a mass less a part of it, and whether nothing is left."""
    if log_part is None:
        return log_mass, torch.zeros_like(log_mass, dtype=torch.bool)
    return log_mass + log1mexp(log_mass - log_part), log_mass <= log_part


class MixtureHead(nn.Module):
    """Maps context vectors to mixtures whose scales start spread over the span of interest.

    Components and ends start with equal weights.

    Args:
        context_size: Width C of the context.
        shortest_days: Scale that the first component starts from.
        longest_days: Scale that the last component starts from.
        components: K.
        hidden_size: Width of the layer between context and parameters.
        never: Whether there is a mass of customers who never order again.
    """

    wait: ClassVar[type[MixtureWait]]
    first_log_shape: ClassVar[float]
    """Shapes start from the exponential of this, and stay within e^2 of it."""
    at_once: ClassVar[bool]
    """Whether there is a mass of orders that come at once."""
    first_log_scale: Tensor

    def __init__(
        self,
        context_size: int,
        *,
        shortest_days: float,
        longest_days: float,
        components: int,
        hidden_size: int,
        never: bool,
    ) -> None:
        super().__init__()
        self.never = never
        self.hidden = nn.Linear(context_size, hidden_size)
        self.parameters_of = nn.Linear(hidden_size, 3 * components + self.at_once + never)
        nn.init.normal_(self.parameters_of.weight, std=0.01)
        nn.init.zeros_(self.parameters_of.bias)
        spread = torch.linspace(math.log(shortest_days), math.log(longest_days), components)
        self.register_buffer("first_log_scale", spread)

    def forward(self, context: Tensor) -> MixtureWait:
        """Waits of batch shape (B, L) for context of shape (B, L, C)."""
        components = len(self.first_log_scale)
        raw = self.parameters_of(F.gelu(self.hidden(context)))  # (B, L, 3K + ends)
        logit, scale, shape = raw[..., : 3 * components].chunk(3, dim=-1)  # each (B, L, K)
        return self.wait(
            logit,
            self.first_log_scale + 4.0 * torch.tanh(scale / 4.0),  # within e^4 of the start
            self.first_log_shape + 2.0 * torch.tanh(shape / 2.0),
            at_once=raw[..., 3 * components] if self.at_once else None,
            never=raw[..., -1] if self.never else None,
        )
