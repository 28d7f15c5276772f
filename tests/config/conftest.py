"""A small config on disk, to be changed by each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MINIMAL = """\
name: shop
events:
  sources:
    - kind: csv
      name: orders
      path: raw/orders.csv
      customer_id: id
      timestamp: day
      event_type: order
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(more: str = "", text: str = MINIMAL) -> Path:
        path = tmp_path / "shop.yaml"
        path.write_text(text + more, encoding="utf-8")
        return path

    return write
