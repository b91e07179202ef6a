"""Which headers of their own customers may have sent along."""

import re
from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]{0,1998}[\x21-\x7e])?")
_OURS = ("content-", "webhook-", "x-webhook-", "x-payymo-", "proxy-", "sec-")
_OF_THE_CONNECTION = frozenset(
    "accept accept-encoding connection expect forwarded host http2-settings keep-alive te trailer"
    " transfer-encoding upgrade user-agent via".split()
)


def refusal(name: str) -> str | None:
    """Return why a header of that name is not sent; None if it is."""
    if not _NAME.fullmatch(name):
        return "a header's name is 1 to 100 letters, digits and hyphens"
    if name.lower().startswith(_OURS) or name.lower() in _OF_THE_CONNECTION:
        return "this header is ours or the connection's"
    return None


def is_value(text: str) -> bool:
    """Tell whether it is 1 to 2,000 characters of visible ASCII, spaces and tabs inside."""
    return _VALUE.fullmatch(text) is not None


def twice(names: Iterable[str]) -> str | None:
    """Return a name that stands twice, in whatever case."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None
