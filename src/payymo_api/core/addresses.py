"""Addresses that browsers are sent to."""

import re
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import AfterValidator, WithJsonSchema

from payymo_api.core.fields import Text


def _web_address(text: str) -> str:
    if not _is_web_address(text):
        raise ValueError("an absolute http or https URL without user name, in ASCII")
    return text


def _is_web_address(text: str) -> bool:
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        return False
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"https", "http"}
            and bool(parts.hostname)
            and parts.port != 0
            and parts.username is None
        )
    except ValueError:
        return False


WebAddress = Annotated[
    Text,
    AfterValidator(_web_address),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2000}),
]


def with_query(url: str, **query: str) -> str:
    """Return the address with more in its query; what stands there stays."""
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *query.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs)))
