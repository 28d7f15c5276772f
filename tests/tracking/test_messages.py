from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from seqchurn.errors import ModelError
from seqchurn.tracking import load_bundle
from seqchurn.tracking.bundle import BUNDLE_VERSION


def test_a_bundle_without_a_network_says_to_train_again(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps({"schema_version": BUNDLE_VERSION}))
    torch.save([], tmp_path / "weights.pt")
    said = re.escape(f"the model bundle in {tmp_path} holds no network. Run seqchurn train")
    with pytest.raises(ModelError, match=said):
        load_bundle(tmp_path)
