"""The URI of a database in a config: passwords stand in the environment, never in a file.

`${NAME}` in a URI is an environment variable. A config is logged, tracked and published, so a
password that is written out is refused; what is read from the environment stays out of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator, WithJsonSchema

__all__ = ["DatabaseUri", "expanded", "secrets_of", "without_credentials"]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_LOGIN = re.compile(r"(?<=://)(.*)@")
_PASSWORD = re.compile(r"(?<=://)[^:@]*:(.*)@")
_SECRET_OPTION = re.compile(
    r"(?i)[?&](?:[^=&]*(?:passw|passph|pwd|secret|token|_key|apikey|credential)[^=&]*|pass|sig)="
    r"([^&#]*)"
)


def expanded(uri: str, environment: Mapping[str, str]) -> str:
    """A URI with the values of its variables, those of the login percent-encoded.

    >>> expanded("postgresql://shop:${PASSWORD}@db/shop", {"PASSWORD": "p@ss"})
    'postgresql://shop:p%40ss@db/shop'

    Raises:
        KeyError: With the name of a variable that is not set.
    """
    encoded = {name: quote(value, safe="") for name, value in environment.items()}
    with_login = _LOGIN.sub(lambda login: _filled(login[0], encoded), uri)
    return _filled(with_login, environment)


def secrets_of(uri: str) -> list[str]:
    """Passwords and the like in an expanded URI, as written and decoded, longest first."""
    found = [*_PASSWORD.findall(uri), *_SECRET_OPTION.findall(uri)]
    written = {s for text in found for s in (text, unquote(text)) if s}
    return sorted(written, key=lambda secret: (-len(secret), secret))


def without_credentials(uri: str) -> str:
    """What names the database in an expanded URI: neither login nor options.

    >>> without_credentials("postgresql://shop:secret@db:5432/shop?sslmode=require")
    'postgresql://db:5432/shop'
    """
    return re.split("[?#]", _LOGIN.sub("", uri), maxsplit=1)[0]


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda variable: values[variable[1]], text)


def _checked(uri: str) -> str:
    written = [s for s in secrets_of(uri) if not _VARIABLE.fullmatch(s)]
    if written:
        raise ValueError(
            "a password stands in it; put the password into an environment variable, such as "
            "SHOP_PASSWORD, and write ${SHOP_PASSWORD} in its place"
        )
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|\$\{\w+\}", uri):
        raise ValueError(
            "it does not say what kind of database this is; write it as "
            "postgresql://user:${PASSWORD}@host/database or sqlite:////folder/file.db"
        )
    return uri


DatabaseUri = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "words": "URI such as postgresql://host/database"}),
]
"""The URI of a database as a config holds it: without a password."""
