"""Nobody gets us to send into a network: URLs, DNS answers and redirects, proved at the socket.

`opened` refuses every connection and notes it, so a refusal that fails is seen and sends nothing.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from payymo_api.webhooks.errors import EndpointUrlRefused
from payymo_api.webhooks.gateway import DeliveryFailed, Failure, names
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from payymo_api.webhooks.gateway.urls import check_url
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import ENDPOINTS
from tests.webhooks.hostile import EDGES, HIDDEN, LOCATIONS, SPACED, URLS
from tests.webhooks.name_server import AAAA, A, NameServer, StubResolver

NAME = "hooks.example.com"
URL = f"https://{NAME}/"
PUBLIC, PUBLIC_V6 = "93.184.215.14", "2606:4700:4700::1111"


@pytest.fixture
async def dns() -> AsyncIterator[NameServer]:
    async with NameServer().running() as server:
        yield server


@pytest.fixture
async def sender(dns: NameServer) -> AsyncIterator[AiohttpSender]:
    """As in production, but for the name server it asks."""
    sender = AiohttpSender(resolver=StubResolver(dns.port))
    yield sender
    await sender.aclose()


async def _failure(sender: AiohttpSender, url: str = URL) -> Failure:
    with pytest.raises(DeliveryFailed) as caught:
        await sender.post(url, {}, b"{}")
    return caught.value.kind


def _in_url(address: str) -> str:
    return f"https://[{address}]/" if ":" in address else f"https://{address}/"


@pytest.mark.parametrize("url", [*URLS, *SPACED])
async def test_a_url_that_is_no_public_https_url_is_not_even_looked_up(
    url: str, sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    assert await _failure(sender, url) is Failure.REFUSED_ADDRESS
    assert (opened, dict(dns.asked)) == ([], {})


async def test_no_endpoint_can_be_made_with_such_a_url(client: httpx.AsyncClient) -> None:
    """But for those that lead to this machine, which the settings of tests allow."""
    elsewhere = [each for each in [*URLS, *SPACED] if not _leads_to_loopback(each)]
    assert len(elsewhere) > 150
    for url in elsewhere:
        answer = await client.post(ENDPOINTS, json={"url": url, "event_types": ["*"]})
        assert answer.status_code == 422, url
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/url"], url


def _leads_to_loopback(url: str) -> bool:
    try:
        host = check_url(url, allow_loopback=True).raw_host or ""
    except EndpointUrlRefused:
        return False
    return host.endswith("localhost") or ip_address(host).is_loopback


@pytest.mark.parametrize("address", [*EDGES, *HIDDEN.values()])
async def test_a_literal_of_special_use_is_refused(
    address: str, sender: AiohttpSender, opened: list[str]
) -> None:
    assert await _failure(sender, _in_url(address)) is Failure.REFUSED_ADDRESS
    assert opened == []


@pytest.mark.parametrize("address", [*EDGES, *HIDDEN.values()])
async def test_a_name_that_leads_to_special_use_is_refused(
    address: str, sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    dns.zone[NAME] = [[address]]
    assert await _failure(sender) is Failure.REFUSED_ADDRESS
    assert (opened, sum(dns.asked.values())) == ([], 2)


async def test_a_name_that_leads_to_a_public_address_is_connected_there(
    sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    dns.zone[NAME] = [[PUBLIC_V6, PUBLIC]]
    assert await _failure(sender) is Failure.CONNECT
    assert opened == [PUBLIC, PUBLIC_V6]


@pytest.mark.parametrize(
    "private", ["10.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::a00:1"]
)
@pytest.mark.parametrize("first", [True, False])
async def test_an_answer_that_mixes_is_refused_whole(
    private: str,
    first: bool,  # noqa: FBT001  pytest names it
    sender: AiohttpSender,
    dns: NameServer,
    opened: list[str],
) -> None:
    public = [PUBLIC, PUBLIC_V6]
    dns.zone[NAME] = [[private, *public] if first else [*public, private]]
    assert await _failure(sender) is Failure.REFUSED_ADDRESS
    assert opened == []


async def test_posts_that_share_one_lookup_are_refused_each(
    sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    dns.zone[NAME] = [["10.0.0.1"]]
    failures = await asyncio.gather(*(_failure(sender) for _ in range(50)))
    assert set(failures) == {Failure.REFUSED_ADDRESS}
    assert (opened, sum(dns.asked.values())) == ([], 2)


@pytest.mark.parametrize("end", ["127.0.0.1", "10.0.0.1", "::ffff:169.254.169.254", "fe80::1"])
@pytest.mark.parametrize("names", [1, 2, 7])
async def test_a_chain_of_names_that_ends_in_special_use_is_refused(
    end: str, names: int, sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    chain = [NAME, *(f"{n}.cdn.example.net" for n in range(names))]
    dns.zone = {name: [[further]] for name, further in zip(chain, [*chain[1:], end], strict=True)}
    assert await _failure(sender) is Failure.REFUSED_ADDRESS
    assert opened == []


@pytest.mark.parametrize("further", [NAME, "nowhere.example.net", "localhost"])
async def test_a_chain_that_ends_nowhere_is_a_dns_failure(
    further: str, sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    dns.zone[NAME] = [[further]]
    assert await _failure(sender) is Failure.DNS
    assert opened == []


async def test_what_was_judged_is_what_is_connected(
    sender: AiohttpSender, dns: NameServer, opened: list[str]
) -> None:
    """The name server would say something else a moment later, but is asked only once."""
    dns.zone[NAME] = [[PUBLIC], ["127.0.0.1"]]
    assert await _failure(sender) is Failure.CONNECT
    assert (opened, dns.asked) == ([PUBLIC], {(NAME, A): 1, (NAME, AAAA): 1})


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"])
async def test_a_name_that_is_rebound_is_refused_at_the_next_attempt(
    address: str,
    dns: NameServer,
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "KEPT_SECONDS", 0)
    dns.zone[NAME] = [[PUBLIC], [address]]
    sender = AiohttpSender(resolver=StubResolver(dns.port))
    assert await _failure(sender) is Failure.CONNECT
    assert await _failure(sender) is Failure.REFUSED_ADDRESS
    await sender.aclose()
    assert opened == [PUBLIC]


@pytest.mark.allow_hosts(["127.0.0.0/8"])
@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    status: int,
    location: str,
    dns: NameServer,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected = _watched(monkeypatch)
    dns.zone["shop.localhost"] = [["127.0.0.1"]]
    elsewhere = Receiver()
    server = await elsewhere.start()
    target = location.format(port=elsewhere.port)
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nRefresh: 0; url={target}\r\n"
    receiver.answer = f"{head}content-length: 0\r\n\r\n".encode()

    sender = AiohttpSender(allow_loopback=True, resolver=StubResolver(dns.port))
    answer = await sender.post(f"http://shop.localhost:{receiver.port}/", {}, b"{}")
    await sender.aclose()
    server.close()
    await server.wait_closed()

    assert (answer.status, answer.headers) == (status, {"location": target})
    assert (connected, elsewhere.connections) == ([("127.0.0.1", receiver.port)], 0)


@pytest.mark.allow_hosts(["127.0.0.0/8"])
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.0.0.2", "127.127.127.127", "127.255.255.254"]
)
async def test_a_listener_on_loopback_hears_of_us_only_where_that_is_allowed(
    address: str, dns: NameServer, sender: AiohttpSender
) -> None:
    heard = Receiver()
    server = await heard.start(host=address)
    dns.zone["shop.localhost.example"] = dns.zone["shop.localhost"] = [[address]]
    strictly = f"https://shop.localhost.example:{heard.port}/"
    assert await _failure(sender, strictly) is Failure.REFUSED_ADDRESS
    assert heard.connections == 0

    lenient = AiohttpSender(allow_loopback=True, resolver=StubResolver(dns.port))
    answer = await lenient.post(f"http://shop.localhost:{heard.port}/", {}, b"{}")
    await lenient.aclose()
    assert (answer.status, heard.connections) == (200, 1)
    server.close()
    await heard.stop()
    await server.wait_closed()


def _watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Note every connection; only those to loopback are let through."""
    connected: list[tuple[str, int]] = []
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: tuple[Any, ...]) -> None:
        connected.append((address[0], address[1]))
        assert ip_address(address[0]).is_loopback
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    return connected


def test_the_cases_are_many_and_each_is_another() -> None:
    assert len({*URLS, *SPACED}) == len(URLS) + len(SPACED) >= 200
    assert len({*EDGES, *HIDDEN.values()}) >= 150
