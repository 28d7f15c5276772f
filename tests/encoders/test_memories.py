from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from seqchurn.encoders.memories import DecayMemories

B, T, E, L, K, CHANNELS = 2, 5, 3, 4, 3, 2


def bank_of(counted: int) -> DecayMemories:
    torch.manual_seed(0)
    return DecayMemories(
        E,
        memories=K,
        channels=CHANNELS,
        counted=counted,
        shortest_days=2.0,
        longest_days=200.0,
    )


@pytest.mark.parametrize("counted", [0, 2])
def test_memories_are_those_of_a_plain_loop(counted: int) -> None:
    bank, D = bank_of(counted), CHANNELS + counted  # noqa: N806
    vectors = torch.rand(B, T, E)
    time = (10.0 * torch.rand(B, T, dtype=torch.float64)).sort(dim=1).values + 18_262.0
    day = 18_262.0 + torch.tensor([[1.0, 4.0, 8.0, 40.0]], dtype=torch.float64).expand(B, L)
    seen = time.unsqueeze(1) < day.unsqueeze(2)
    with torch.no_grad():
        found = bank(vectors, time, seen, day)
        learned = F.softplus(bank.what(vectors)).tolist()
    what = [
        [[*learned[b][t], *vectors[b, t].tolist()[:counted]] for t in range(T)] for b in range(B)
    ]
    assert found.shape == (B, L, bank.size) == (B, L, K * D)
    for b in range(B):
        for landmark in range(L):
            now = day[b, landmark].item()
            for k, tau in enumerate([2.0, 20.0, 200.0]):
                for d in range(D):
                    memory = 0.0
                    for t, at in enumerate(time[b].tolist()):
                        if at < now:
                            memory += math.exp(-(now - at) / tau) * what[b][t][d]
                    read = found[b, landmark, k * D + d].item()
                    assert math.isclose(read, math.log1p(memory), rel_tol=1e-5, abs_tol=1e-6)


@pytest.mark.parametrize("counted", [0, 2])
def test_a_memory_can_be_carried_on_from_event_to_event(counted: int) -> None:
    bank, D = bank_of(counted), CHANNELS + counted  # noqa: N806
    vectors, time = torch.rand(1, 2, E), torch.tensor([[3.0, 7.5]], dtype=torch.float64)
    day = torch.tensor([[7.5, 9.0]], dtype=torch.float64)
    seen = torch.tensor([[[True, False], [True, True]]])
    with torch.no_grad():
        before, after = bank(vectors, time, seen, day).view(2, K, D).expm1()
        gained = torch.cat([F.softplus(bank.what(vectors[0, 1])), vectors[0, 1, :counted]])
        faded = torch.exp(-1.5 / torch.tensor([2.0, 20.0, 200.0])).unsqueeze(1)
    torch.testing.assert_close(after, (before + gained) * faded)


def test_counted_columns_are_decayed_counts_of_events() -> None:
    """Two orders five and one days ago, and a visit in between: by hand, whatever is learned."""
    bank = bank_of(2)
    vectors = torch.tensor([[[1.0, 0.0, 9.0], [0.0, 1.0, 9.0], [1.0, 0.0, 9.0]]])
    time = torch.tensor([[10.0, 12.0, 14.0]], dtype=torch.float64)
    with torch.no_grad():
        memory = bank.after(vectors[:, :1], time[:, :1], torch.ones(1, 1, dtype=torch.bool))
        for t in (1, 2):
            memory = bank.add(memory, torch.tensor([2.0]), vectors[:, t])
        at_once = bank.after(vectors, time, torch.ones(1, 3, dtype=torch.bool))
        torch.testing.assert_close(memory, at_once)
        read = bank.read(memory, torch.tensor([1.0])).view(K, CHANNELS + 2)
        everything = torch.ones(1, 1, 3, dtype=torch.bool)
        whole = bank(vectors, time, everything, torch.tensor([[15.0]], dtype=torch.float64))
    torch.testing.assert_close(read, whole.view(K, CHANNELS + 2))
    for k, tau in enumerate([2.0, 20.0, 200.0]):
        orders, visits = math.exp(-5 / tau) + math.exp(-1 / tau), math.exp(-3 / tau)
        counts = read[k, CHANNELS:].tolist()
        assert counts == pytest.approx([math.log1p(orders), math.log1p(visits)], rel=1e-6)
