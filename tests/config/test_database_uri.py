from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.config.database_uri import expanded, secrets_of, without_credentials
from seqchurn.errors import ConfigError

ENVIRONMENT = {"PW": "p@s:s/w#rd", "HOST": "db.example.com:5432", "ALL": "postgresql://u:x@h/d"}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (
            "postgresql://u:${PW}@${HOST}/shop",
            "postgresql://u:p%40s%3As%2Fw%23rd@db.example.com:5432/shop",
        ),
        ("${ALL}", "postgresql://u:x@h/d"),
        ("sqlite:////data/shop.db", "sqlite:////data/shop.db"),
    ],
)
def test_variables_are_filled_in_and_encoded_inside_the_login(uri: str, expected: str) -> None:
    assert expanded(uri, ENVIRONMENT) == expected


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(KeyError, match="^'NO'$"):
        expanded("postgresql://u:${NO}@h/d", ENVIRONMENT)


@pytest.mark.parametrize(
    ("uri", "secrets"),
    [
        ("postgresql://u:p%40s@h:1/d", ["p%40s", "p@s"]),
        ("postgresql://u@h:1/d", []),
        ("postgresql://h/d?password=one&sslmode=require&access_token=two", ["one", "two"]),
        ("postgresql://h/d?passfile=/home/u/.pgpass&sslkey=/home/u/key.pem", []),
        ("https://h/d?pass=one&sig=two&apikey=three", ["three", "one", "two"]),
        ("sqlite:////data/a:b.db", []),
    ],
)
def test_secrets_are_found_wherever_a_uri_may_hold_them(uri: str, secrets: list[str]) -> None:
    assert secrets_of(uri) == secrets
    assert not any(secret in without_credentials(uri) for secret in secrets)


def test_a_path_that_is_a_uri_stays_as_written(write: Callable[..., Path]) -> None:
    text = write().read_text(encoding="utf-8").replace("kind: csv", "kind: delta")
    for path, expected in [("s3://lake/orders", "s3://lake/orders"), ("lake/orders", None)]:
        file = write(text=text.replace("raw/orders.csv", path))
        (source,) = load_config(file).events.sources
        assert source.origin() == (expected or str(file.parent / path))


def test_a_password_in_a_file_is_refused_and_not_repeated(write: Callable[..., Path]) -> None:
    text = (
        write().read_text(encoding="utf-8").replace("kind: csv", "kind: sql\n      table: orders")
    )
    uri = "uri: postgresql://shop:word-1@db/shop"
    with pytest.raises(ConfigError, match=r"uri: a password stands in it.*SHOP_PASSWORD") as caught:
        load_config(write(text=text.replace("path: raw/orders.csv", uri)))
    assert "word-1" not in str(caught.value)


@pytest.mark.parametrize("path", ["s3://KEY:word-1@lake/orders", "https://h/orders?sig=word-1"])
def test_credentials_in_the_path_of_a_delta_table_are_refused(
    path: str, write: Callable[..., Path]
) -> None:
    text = write().read_text(encoding="utf-8").replace("kind: csv", "kind: delta")
    with pytest.raises(ConfigError, match="a login or options stand in it; put cred") as caught:
        load_config(write(text=text.replace("raw/orders.csv", f"{path!r}")))
    assert "word-1" not in str(caught.value)
