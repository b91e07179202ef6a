"""Through a proxy: it gets addresses that were judged, and nothing else gets its password."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from payymo_api.webhooks.gateway import DeliveryFailed, Failure, names
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from tests.webhooks.certificates import Authority
from tests.webhooks.conftest import Receiver
from tests.webhooks.connect_proxy import ConnectProxy
from tests.webhooks.test_addresses import SPECIAL, Answers

NAME, PUBLIC = "hooks.example.com", "93.184.215.14"
BODY = b'{"event_type":"transaction.created"}'
LOOPBACK = Answers(["127.0.0.1"])


@pytest.fixture
async def proxy() -> AsyncIterator[ConnectProxy]:
    async with ConnectProxy().running() as proxy:
        yield proxy


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def secure(authority: Authority) -> AsyncIterator[Receiver]:
    """An endpoint that proves to be NAME."""
    receiver = Receiver()
    server = await receiver.start(authority.server(NAME))
    yield receiver
    server.close()
    await receiver.stop()
    await server.wait_closed()


def _sender(
    proxy: ConnectProxy, authority: Authority, resolver: AbstractResolver = LOOPBACK
) -> AiohttpSender:
    return AiohttpSender(
        allow_loopback=True, proxy=proxy.url, resolver=resolver, tls=authority.trusting
    )


async def _failure(sender: AiohttpSender, url: str) -> DeliveryFailed:
    try:
        with pytest.raises(DeliveryFailed) as caught:
            await sender.post(url, {}, BODY)
    finally:
        await sender.aclose()
    return caught.value


async def test_the_proxy_is_asked_for_the_address_and_the_endpoint_for_its_name(
    proxy: ConnectProxy, authority: Authority, secure: Receiver
) -> None:
    sender = _sender(proxy, authority)
    for _ in range(2):
        answer = await sender.post(f"https://{NAME}:{secure.port}/hooks", {}, BODY)
        assert (answer.status, answer.body_excerpt) == (200, b"ok")
    await sender.aclose()

    assert proxy.asked == [f"CONNECT 127.0.0.1:{secure.port} HTTP/1.1"]
    assert secure.bodies == [BODY, BODY]
    assert secure.heads[0].startswith("POST /hooks HTTP/1.1\r\n")
    assert f"Host: {NAME}:{secure.port}\r\n" in secure.heads[0]


async def test_the_certificate_must_be_the_names(
    proxy: ConnectProxy, authority: Authority, secure: Receiver
) -> None:
    sender = _sender(proxy, authority)
    assert (await sender.post(f"https://{NAME}:{secure.port}/", {}, BODY)).status == 200
    failure = await _failure(sender, f"https://other.example.com:{secure.port}/")
    assert (failure.kind, len(secure.bodies)) == (Failure.TLS, 1)
    assert "not valid for 'other.example.com'" in failure.detail


@pytest.mark.parametrize("address", [each for each in SPECIAL if not each.startswith("127.")])
async def test_the_proxy_is_never_asked_for_special_use(
    proxy: ConnectProxy, authority: Authority, address: str
) -> None:
    sender = AiohttpSender(proxy=proxy.url, resolver=Answers([address]), tls=authority.trusting)
    failure = await _failure(sender, f"https://{NAME}/")
    assert (failure.kind, proxy.heads) == (Failure.REFUSED_ADDRESS, [])


async def test_a_name_that_is_rebound_is_judged_anew(
    proxy: ConnectProxy,
    authority: Authority,
    secure: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "KEPT_SECONDS", -1)
    sender = _sender(proxy, authority, Answers(["127.0.0.1"], ["10.0.0.1"]))
    assert (await sender.post(f"https://{NAME}:{secure.port}/", {}, BODY)).status == 200
    failure = await _failure(sender, f"https://{NAME}:{secure.port}/")
    assert (failure.kind, len(proxy.heads)) == (Failure.REFUSED_ADDRESS, 1)


async def test_the_proxy_may_stand_where_no_endpoint_may(
    proxy: ConnectProxy, authority: Authority
) -> None:
    proxy.refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"
    answer = Answers(["2606:4700:4700::1111", PUBLIC])
    sender = AiohttpSender(proxy=proxy.url, resolver=answer, tls=authority.trusting)
    failure = await _failure(sender, f"https://{NAME}/")
    assert proxy.asked == ["CONNECT 93.184.215.14:443 HTTP/1.1"]
    assert failure.kind is Failure.CONNECT
    assert failure.detail == "Our proxy could not connect (status 502)."


async def test_an_address_of_ipv6_is_asked_for_in_brackets(
    proxy: ConnectProxy, authority: Authority
) -> None:
    proxy.refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"
    sender = _sender(proxy, authority, Answers(["2606:4700:4700::1111"]))
    await _failure(sender, f"https://{NAME}/")
    assert proxy.asked == ["CONNECT [2606:4700:4700::1111]:443 HTTP/1.1"]


async def test_the_password_goes_to_the_proxy_alone(
    proxy: ConnectProxy, authority: Authority, secure: Receiver
) -> None:
    url = proxy.url.replace("//", "//payymo:open%20sesame@")
    sender = AiohttpSender(
        allow_loopback=True, proxy=url, resolver=LOOPBACK, tls=authority.trusting
    )
    await sender.post(f"https://{NAME}:{secure.port}/", {}, BODY)
    failure = await _failure(sender, f"https://other.example.com:{secure.port}/")

    assert "Proxy-Authorization: Basic cGF5eW1vOm9wZW4gc2VzYW1l\r\n" in proxy.heads[0]
    assert "authorization" not in secure.heads[0].lower()
    told = "".join(traceback.format_exception(failure)) + repr(failure.__cause__)
    assert "sesame" not in told
    assert "cGF5eW1vOm9wZW4gc2VzYW1l" not in told


async def test_a_proxy_out_of_reach_is_ours_to_mend(authority: Authority) -> None:
    async with ConnectProxy().running() as proxy:
        sender = _sender(proxy, authority)
    failure = await _failure(sender, f"https://{NAME}/")
    assert failure.kind is Failure.CONNECT
    assert failure.detail == "Our proxy can't be reached."


async def test_a_name_that_does_not_exist_is_a_dns_failure(
    proxy: ConnectProxy, authority: Authority
) -> None:
    class Nothing(Answers):
        @override
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    failure = await _failure(_sender(proxy, authority, Nothing([])), f"https://{NAME}/")
    assert (failure.kind, proxy.heads) == (Failure.DNS, [])


async def test_a_proxy_that_is_silent_is_no_answer_in_time(proxy: ConnectProxy) -> None:
    proxy.refusal = None
    sender = AiohttpSender(proxy=proxy.url, timeout_seconds=0.2, resolver=Answers([PUBLIC]))
    failure = await _failure(sender, f"https://{NAME}/")
    assert (failure.kind, len(proxy.heads)) == (Failure.TIMEOUT, 1)


def test_the_loop_of_the_workers_does_the_same(authority: Authority) -> None:
    async def run() -> None:
        secure = Receiver()
        server = await secure.start(authority.server(NAME))
        async with ConnectProxy().running() as proxy:
            strict = AiohttpSender(proxy=proxy.url, resolver=LOOPBACK, tls=authority.trusting)
            direct = AiohttpSender(allow_loopback=True, resolver=LOOPBACK, tls=authority.trusting)
            through = _sender(proxy, authority)
            for sender in (direct, through):
                answer = await sender.post(f"https://{NAME}:{secure.port}/", {}, BODY)
                assert answer.status == 200
                await sender.aclose()
            assert len(proxy.heads) == 1
            failure = await _failure(strict, f"https://{NAME}:{secure.port}/")
            assert (failure.kind, len(proxy.heads)) == (Failure.REFUSED_ADDRESS, 1)
        server.close()
        await secure.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
