"""The table of kinds, and packages that are not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, get_args

import pytest

from seqchurn.config.deliveries import Delivery
from seqchurn.errors import ConfigError
from seqchurn.sinks import SINKS, Sink

SEGMENT = {"kind": "segment", "write_key_env": "HOME"}
SNOWPLOW = {
    "kind": "snowplow",
    "collector": "http://127.0.0.1:9",
    "event_schema": "iglu:com.acme/score/jsonschema/1-0-0",
}


def test_the_table_of_sinks_agrees_with_the_config() -> None:
    union = get_args(get_args(Delivery)[0])
    assert list(SINKS) == [get_args(c.model_fields["kind"].annotation)[0] for c in union]


@pytest.mark.parametrize(
    ("section", "module"),
    [(SEGMENT, "segment.analytics.request"), (SNOWPLOW, "snowplow_tracker")],
)
def test_a_package_that_is_not_installed_is_told(
    section: dict[str, Any],
    module: str,
    sink: Callable[..., Sink],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    package = module.partition(".")[0]
    said = rf"\[deliveries\] crm: the package {package} is not installed. Install it: pip install"
    with pytest.raises(ConfigError, match=said):
        sink(**section)
