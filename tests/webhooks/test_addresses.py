"""No event leaves for a special-use address: proved at the socket, which is never connected."""

import asyncio
import socket
from collections.abc import Sequence

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from payymo_api.webhooks.gateway import DeliveryFailed, Failure
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from payymo_api.webhooks.rules import addresses
from tests.webhooks.conftest import Receiver

# First, last and notable addresses of each range, from the registries and not from our code.
SPECIAL_V4 = """
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200
100.127.255.255 127.0.0.1 127.0.0.53 127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254
169.254.170.2 169.254.255.255 172.16.0.0 172.17.0.1 172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.9
192.0.0.10 192.0.0.170 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.31.196.0 192.31.196.255
192.52.193.0 192.52.193.255 192.88.99.0 192.88.99.2 192.88.99.255 192.168.0.0 192.168.1.1
192.168.255.255 192.175.48.0 192.175.48.255 198.18.0.0 198.19.255.255 198.51.100.0 198.51.100.255
203.0.113.0 203.0.113.255 224.0.0.0 224.0.0.1 239.255.255.255 240.0.0.0 250.1.2.3 255.255.255.254
255.255.255.255
""".split()
SPECIAL_V6 = """
:: ::1 ::2 ::7f00:1 ::808:808 ::ffff:0:0 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:192.168.0.1 ::ffff:255.255.255.255 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1
64:ff9b::a9fe:a9fe 64:ff9b:1:: 64:ff9b:1::808:808 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: 100::1
100::ffff:ffff:ffff:ffff 100:0:0:1::1 100:0:0:1:ffff:ffff:ffff:ffff 2001:: 2001::1
2001:0:ffff:ffff:ffff:ffff:ffff:ffff 2001:1::1 2001:1::2 2001:1::3 2001:2::1 2001:3::1
2001:4:112::1 2001:5::1 2001:10::1 2001:1f:ffff:ffff:ffff:ffff:ffff:ffff 2001:20::1 2001:2f::1
2001:30::1 2001:3f::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: 2001:db8::1
2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe::1
2002:808:808::1 2620:4f:8000:: 2620:4f:8000:ffff:ffff:ffff:ffff:ffff 3fff:: 3fff::1
3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff 5f00:: 5f00::1 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff
fc00:: fc00::1 fd00::1 fd00:ec2::254 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80:: fe80::1
fe80::a9fe:a9fe febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0:: fec0::1
feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ff00:: ff01::1 ff02::1 ff05::2 ff0e::1
ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 1::1 200::1 400::1 4000::1 8000::1 e000::1 fe00::1
""".split()
SPECIAL = [*SPECIAL_V4, *SPECIAL_V6]
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
168.63.129.15 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0
192.0.3.0 192.88.98.255 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255
203.0.114.0 223.255.255.255 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1
2606:4700:4700::1111 2620:4f:8001::1 3ffe::1 3fff:1000::1 2a00:1450::1 ::ffff:8.8.8.8
64:ff9b::808:808
""".split()


class Answers(AbstractResolver):
    """A name server that gives one answer after the other, then the last one again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [_result(host, address, port) for address in answer]

    @override
    async def close(self) -> None: ...


def _result(name: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=name, host=address, port=port, family=family, proto=0, flags=0)


async def _failure(
    url: str, resolver: AbstractResolver | None = None, *, allow_loopback: bool = False
) -> DeliveryFailed:
    sender = AiohttpSender(allow_loopback=allow_loopback, resolver=resolver)
    try:
        with pytest.raises(DeliveryFailed) as caught:
            await sender.post(url, {}, b"{}")
    finally:
        await sender.aclose()
    return caught.value


def _url(address: str) -> str:
    return f"https://[{address}]/" if ":" in address else f"https://{address}/"


@pytest.mark.parametrize("address", SPECIAL)
async def test_a_literal_of_special_use_is_never_connected(address: str, opened: list[str]) -> None:
    failure = await _failure(_url(address))
    assert (failure.kind, opened) == (Failure.REFUSED_ADDRESS, [])


@pytest.mark.parametrize("address", [*SPECIAL, "fe80::1%1", "2606:4700::1%1", "hooks", "127.1"])
async def test_a_name_that_leads_to_special_use_is_never_connected(
    address: str, opened: list[str]
) -> None:
    failure = await _failure("https://hooks.example.com/", Answers([address]))
    assert (failure.kind, opened) == (Failure.REFUSED_ADDRESS, [])
    assert address not in failure.detail


@pytest.mark.parametrize("address", PUBLIC)
async def test_the_neighbours_of_special_use_are_connected_as_judged(
    address: str, opened: list[str]
) -> None:
    failure = await _failure("https://hooks.example.com/", Answers([address]))
    assert (failure.kind, opened) == (Failure.CONNECT, [address])


async def test_a_name_that_is_rebound_is_judged_anew(opened: list[str]) -> None:
    rebinding = Answers(["93.184.215.14"], ["127.0.0.1"])
    first = await _failure("https://rebind.example.com/", rebinding)
    assert (first.kind, opened) == (Failure.CONNECT, ["93.184.215.14"])
    second = await _failure("https://rebind.example.com/", rebinding)
    assert (second.kind, opened) == (Failure.REFUSED_ADDRESS, ["93.184.215.14"])


@pytest.mark.parametrize(
    "answer", [["93.184.215.14", "10.0.0.1"], ["::1", "93.184.215.14"], ["2606:4700::1", "fd00::1"]]
)
async def test_an_answer_that_mixes_public_and_private_is_refused_whole(
    answer: list[str], opened: list[str]
) -> None:
    failure = await _failure("https://mixed.example.com/", Answers(answer))
    assert (failure.kind, opened) == (Failure.REFUSED_ADDRESS, [])


@pytest.mark.parametrize("answer", [["10.0.0.1", "fe80::1"], ["::1", "127.0.0.1", "::ffff:a00:1"]])
async def test_many_addresses_of_special_use_are_refused_like_one(
    answer: list[str], opened: list[str]
) -> None:
    failure = await _failure("https://hooks.example.com/", Answers(answer))
    assert (failure.kind, opened) == (Failure.REFUSED_ADDRESS, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://user@hooks.example.com/",
        "ftp://hooks.example.com/",
        "not a url",
    ],
)
async def test_a_url_stored_under_laxer_rules_is_judged_again(url: str, opened: list[str]) -> None:
    failure = await _failure(url, Answers(["93.184.215.14"]))
    assert (failure.kind, opened) == (Failure.REFUSED_ADDRESS, [])


async def test_a_listening_loopback_port_hears_nothing(receiver: Receiver) -> None:
    url = f"https://hooks.example.com:{receiver.port}/"
    assert (await _failure(url, Answers(["127.0.0.1"]))).kind is Failure.REFUSED_ADDRESS
    assert (await _failure(receiver.url)).kind is Failure.REFUSED_ADDRESS
    await asyncio.sleep(0)
    assert receiver.connections == 0


async def test_a_name_may_lead_to_loopback_when_that_is_allowed(receiver: Receiver) -> None:
    sender = AiohttpSender(allow_loopback=True, resolver=Answers(["127.0.0.1"]))
    answer = await sender.post(f"http://shop.localhost:{receiver.port}/", {}, b"{}")
    await sender.aclose()
    assert (answer.status, receiver.connections) == (200, 1)


@pytest.mark.parametrize(
    "address", [item for item in SPECIAL if not item.startswith("127.") and item != "::1"]
)
async def test_allowing_loopback_allows_nothing_else(address: str, opened: list[str]) -> None:
    failure = await _failure("https://hooks.example.com/", Answers([address]), allow_loopback=True)
    assert (failure.kind, opened) == (Failure.REFUSED_ADDRESS, [])


async def test_a_name_that_does_not_exist_is_a_dns_failure() -> None:
    class Nothing(Answers):
        @override
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    failure = await _failure("https://nowhere.example.com/", Nothing([]))
    assert failure.kind is Failure.DNS


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "::1%lo"])
def test_only_canonical_addresses_pass(text: str) -> None:
    assert addresses.refusal(text, allow_loopback=True)
