"""Where URLs lead, told by what is written in them."""

from ipaddress import ip_address

import httpx


def is_web(url: str) -> bool:
    return _parsed(url) is not None


def is_here(url: str) -> bool:
    """Tell whether it is a URL of this machine."""
    parsed = _parsed(url)
    return parsed is not None and _is_loopback(parsed.host)


def is_private(url: str) -> bool:
    """Tell whether nobody on the way can read what is sent there."""
    parsed = _parsed(url)
    return parsed is not None and (parsed.scheme == "https" or _is_loopback(parsed.host))


def _parsed(url: str) -> httpx.URL | None:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    return parsed if parsed.scheme in {"http", "https"} and parsed.host else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
