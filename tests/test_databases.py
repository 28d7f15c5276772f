from __future__ import annotations

import pytest

from seqchurn.databases import Site
from seqchurn.errors import ConfigError


def test_a_variable_that_holds_no_uri_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_URI", "host=db user=crm password=hunter2")
    site = Site("[deliveries] crm", "${CRM_URI}", "scores")
    complaint = r"\[deliveries\] crm: what \$\{CRM_URI\} stands for does not say what kind of data"
    with pytest.raises(ConfigError, match=complaint) as refused:
        _ = site.kind
    assert "hunter2" not in str(refused.value)
