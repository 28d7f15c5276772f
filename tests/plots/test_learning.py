from __future__ import annotations

from pathlib import Path

import polars as pl

from seqchurn.plots import learning_chart, save_chart


def test_losses_of_both_splits_are_drawn(tmp_path: Path) -> None:
    losses = pl.DataFrame(
        {
            "network": [1] * 4,
            "epoch": [1, 2, 1, 2],
            "split": ["train"] * 2 + ["validation"] * 2,
            "nll": [3, 2, 4, 3.5],
        },
        strict=False,
    )
    save_chart(learning_chart(losses), tmp_path / "learning.svg")
    text = (tmp_path / "learning.svg").read_text()
    assert {word for word in ("train", "validation", "Epoch") if word in text} == {
        "train",
        "validation",
        "Epoch",
    }
