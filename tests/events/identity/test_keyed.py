from __future__ import annotations

import hashlib
import hmac

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqchurn.errors import ConfigError
from seqchurn.events.identity.keyed import hash_key, keyed, keyed_hash

KEY = b"0123456789abcdef"


def test_the_hash_is_that_of_rfc_4231() -> None:
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # its case 2
    assert keyed_hash("what do ya want for nothing?", b"Jefe") == digest[:32]


@settings(deadline=None)
@given(
    st.lists(st.none() | st.text()),
    st.text(min_size=1, max_size=90).filter(lambda key: "\0" not in key),
)
def test_a_column_is_hashed_as_each_text_by_itself(texts: list[str | None], key: str) -> None:
    frame = pl.DataFrame({"id": texts}, schema={"id": pl.String})
    found = frame.select(keyed(pl.col("id"), key.encode()))["id"].to_list()
    alone = [
        None if text is None else hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
        for text in texts
    ]
    assert found == [digest and digest[:32] for digest in alone]


def test_lists_are_hashed_item_by_item() -> None:
    frame = pl.DataFrame({"ids": [["a", "b"], [], None]})
    found = frame.select(pl.col("ids").list.eval(keyed(pl.element(), KEY)))["ids"].to_list()
    assert found == [[keyed_hash("a", KEY), keyed_hash("b", KEY)], [], None]


def test_the_key_is_what_the_variable_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "schlüssel-0123456")
    assert hash_key("SHOP_KEY") == "schlüssel-0123456".encode()
    assert hash_key(None) is None


@pytest.mark.parametrize(("value", "found"), [(None, "is not set"), ("short", "holds 5 bytes")])
def test_without_a_key_nothing_is_hashed(
    value: str | None, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("SHOP_KEY", value)
    with pytest.raises(ConfigError, match=f"variable SHOP_KEY {found}; expected .*16 bytes") as e:
        hash_key("SHOP_KEY")
    assert "short" not in str(e.value)


def test_bytes_that_are_no_text_make_a_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "\udcff" * 16)  # how Python shows the byte 0xff
    key = hash_key("SHOP_KEY")
    assert key is not None
    frame = pl.DataFrame({"id": ["a"]})
    assert frame.select(keyed(pl.col("id"), key)).item() == keyed_hash("a", key)
