"""Addresses that no event is sent to.

Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), the multicast and
reserved space beside them, and what clouds keep for themselves in public space. Written out, since
`ipaddress` follows the registries late: Python 3.11.7 calls 192.0.0.0/24 global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_V4 = {
    IPv4Network(network): name
    for network, name in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private use",
        "100.64.0.0/10": "shared address space (carrier NAT)",
        "127.0.0.0/8": "loopback",
        "168.63.129.16/32": "a cloud's own host (Azure)",
        "169.254.0.0/16": "link local (cloud metadata)",
        "172.16.0.0/12": "private use",
        "192.0.0.0/24": "IETF protocol assignments",
        "192.0.2.0/24": "documentation (TEST-NET-1)",
        "192.31.196.0/24": "AS112 (DNS sink)",
        "192.52.193.0/24": "automatic multicast tunneling",
        "192.88.99.0/24": "6to4 relay (deprecated)",
        "192.168.0.0/16": "private use",
        "192.175.48.0/24": "AS112 (direct delegation)",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation (TEST-NET-2)",
        "203.0.113.0/24": "documentation (TEST-NET-3)",
        "224.0.0.0/4": "multicast",
        "255.255.255.255/32": "limited broadcast",
        "240.0.0.0/4": "reserved",
    }.items()
}
_V6 = {
    IPv6Network(network): name
    for network, name in {
        "::/128": "unspecified",
        "::1/128": "loopback",
        "::/96": "IPv4-compatible (deprecated)",
        "64:ff9b:1::/48": "local IPv4/IPv6 translation",
        "100::/64": "discard only",
        "100:0:0:1::/64": "dummy prefix",
        "2001::/32": "Teredo",
        "2001:2::/48": "benchmarking",
        "2001:10::/28": "ORCHID (deprecated)",
        "2001:20::/28": "ORCHIDv2",
        "2001:30::/28": "drone remote identification",
        "2001::/23": "IETF protocol assignments",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "2620:4f:8000::/48": "AS112 (direct delegation)",
        "3fff::/20": "documentation",
        "5f00::/16": "segment routing",
        "fc00::/7": "unique local",
        "fe80::/10": "link local",
        "fec0::/10": "site local (deprecated)",
        "ff00::/8": "multicast",
    }.items()
}
_EMBEDS_V4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))  # IPv4-mapped, NAT64
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")  # before an IPv4 address, in any prefix
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = IPv6Address("::1")


def is_loopback(address: IPv4Address | IPv6Address) -> bool:
    """127.0.0.0/8 and ::1 as such: an IPv6 form of 127.0.0.1 is not meant by anyone honest."""
    if isinstance(address, IPv4Address):
        return address in _LOOPBACK_V4
    return address == _LOOPBACK_V6


def refusal(address: str, *, allow_loopback: bool) -> str | None:
    """Return why nothing is sent to this address (its range's name), or None if it is public.

    Only the canonical text of an address passes: a name, a short form or a zone is refused,
    because whoever connects to it would interpret it once more.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    if allow_loopback and is_loopback(parsed):
        return None
    if isinstance(parsed, IPv4Address):
        return _special_v4(parsed)
    return _special_v6(parsed)


def _special_v4(address: IPv4Address) -> str | None:
    return next((name for network, name in _V4.items() if address in network), None)


def _special_v6(address: IPv6Address) -> str | None:
    if address.scope_id is not None:
        return "bound to a network interface"
    if any(address in network for network in _EMBEDS_V4):
        return _special_v4(IPv4Address(address.packed[-4:]))
    if address.packed[8:12] in _ISATAP:
        return "ISATAP"
    special = next((name for network, name in _V6.items() if address in network), None)
    if special is None and address not in _GLOBAL_UNICAST:
        return "not global unicast"
    return special
