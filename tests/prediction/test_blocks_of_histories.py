from __future__ import annotations

import torch

from seqchurn.prediction.carried import _blocks


def test_each_history_is_read_once_and_in_blocks_by_its_own_length() -> None:
    lengths = torch.randint(1, 700, (1_000,), generator=torch.Generator().manual_seed(0)).sort()[0]
    rows = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(1))
    length_of = dict(zip(rows.tolist(), lengths.tolist(), strict=True))
    read = []
    for block, count in _blocks(rows, lengths):
        longest = max(length_of[row] for row in block.tolist())
        size = 64 if longest <= 128 else 32 if longest <= 256 else 16
        assert len(block) == size
        assert (min(length_of[row] for row in block.tolist()) > 128) == (size < 64)
        read += block[:count].tolist()
    assert read == rows.tolist()
