"""Which URLs an endpoint may have. The address a name leads to is judged at connect, every time."""

import re
from ipaddress import ip_address

from yarl import URL  # aiohttp's own parser: what is judged here is what it connects to

from payymo_api.webhooks.errors import EndpointUrlRefused
from payymo_api.webhooks.rules import addresses

LONGEST_URL = 2048
_HTTPS = 443
_FIRST_OPEN_PORT = 1024  # below it live mail, shells and file shares
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]+)?")  # int() reads other digits and _ too
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_HOST = 253
_LOCAL_NAMES = ("localhost", "local", "internal", "lan", "home.arpa", "onion")


def check_url(text: str, *, allow_loopback: bool) -> URL:
    """Return the parsed URL; EndpointUrlRefused if no event will ever be sent there.

    `allow_loopback` (development) lets http and any port through, to this machine only.
    """
    if len(text) > LONGEST_URL:
        raise _refused(f"A URL has at most {LONGEST_URL} characters.")
    if not text.isprintable() or " " in text or "\\" in text:
        raise _refused("A URL has no spaces, control characters or backslashes.")
    url = _parse(text)
    local = allow_loopback and _names_loopback(url.raw_host or "")
    _check_form(url, text, local=local)
    if not local:
        _check_host(url.raw_host or "")
    return url


def _parse(text: str) -> URL:
    try:
        return URL(text)
    except ValueError as error:
        raise _refused("This is not a URL.") from error


def _check_form(url: URL, text: str, *, local: bool) -> None:
    if url.scheme != "https" and not (local and url.scheme == "http"):
        raise _refused("Events are sent by https only.")
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        raise _refused("A URL with credentials would show them in logs; we sign every event.")
    if not _AUTHORITY.fullmatch(authority):
        raise _refused("A URL names one host, and after a colon at most a port in digits.")
    if "#" in text:
        raise _refused("A fragment (#) is never sent; leave it out.")
    port = url.port or 0
    if port != _HTTPS and port < _FIRST_OPEN_PORT and not (local and port):
        raise _refused(f"Events go to port {_HTTPS}, or {_FIRST_OPEN_PORT} and above.")


def _check_host(host: str) -> None:
    labels = host.split(".")
    if ":" in host or _NUMBER.fullmatch(labels[-1]):
        _check_literal(host)
        return
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused("This is not the name of a host.")
    if len(labels) == 1 or any(f".{host}".endswith(f".{name}") for name in _LOCAL_NAMES):
        raise _refused("This name is local to one network; give one that the internet knows.")


def _check_literal(host: str) -> None:
    """Octal, hexadecimal, short and whole-number forms are no canonical text, so are refused."""
    if reason := addresses.refusal(host, allow_loopback=False):
        raise _refused(f"Events are not sent to this address: {reason}.")


def _names_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return addresses.is_loopback(ip_address(host))
    except ValueError:
        return False


def _refused(detail: str) -> EndpointUrlRefused:
    return EndpointUrlRefused.at("/url", "endpoint_url_refused", detail)
