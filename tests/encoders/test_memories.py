from __future__ import annotations

import math

import torch
from torch.nn import functional as F  # noqa: N812

from seqchurn.encoders.memories import DecayMemories

B, T, E, L, K, D = 2, 5, 3, 4, 3, 2


def test_memories_are_those_of_a_plain_loop() -> None:
    torch.manual_seed(0)
    bank = DecayMemories(E, memories=K, channels=D, shortest_days=2.0, longest_days=200.0)
    vectors = torch.randn(B, T, E)
    time = (10.0 * torch.rand(B, T, dtype=torch.float64)).sort(dim=1).values + 18_262.0
    day = 18_262.0 + torch.tensor([[1.0, 4.0, 8.0, 40.0]], dtype=torch.float64).expand(B, L)
    seen = time.unsqueeze(1) < day.unsqueeze(2)
    with torch.no_grad():
        found = bank(vectors, time, seen, day)
        what = F.softplus(bank.what(vectors)).tolist()
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


def test_a_memory_can_be_carried_on_from_event_to_event() -> None:
    torch.manual_seed(0)
    bank = DecayMemories(E, memories=K, channels=D, shortest_days=2.0, longest_days=200.0)
    vectors, time = torch.randn(1, 2, E), torch.tensor([[3.0, 7.5]], dtype=torch.float64)
    day = torch.tensor([[7.5, 9.0]], dtype=torch.float64)
    seen = torch.tensor([[[True, False], [True, True]]])
    with torch.no_grad():
        before, after = bank(vectors, time, seen, day).view(2, K, D).expm1()
        gained = F.softplus(bank.what(vectors[0, 1]))
        faded = torch.exp(-1.5 / torch.tensor([2.0, 20.0, 200.0])).unsqueeze(1)
    torch.testing.assert_close(after, (before + gained) * faded)
