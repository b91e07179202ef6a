"""A DNS server on loopback (UDP), and a resolver that asks it as a stub resolver does."""

import asyncio
import secrets
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

A, CNAME, AAAA = 1, 5, 28
_INTERNET, _NO_SUCH_NAME = 1, 3
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_LONGEST_CHAIN = 8
_QUESTION_AT = _HEADER.size
_NAME_OF_QUESTION = struct.pack("!H", 0xC000 | _QUESTION_AT)


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """`zone`: what each name leads to (addresses, or one name: a CNAME), round after round.

    The last round is given again; a name that is not there does not exist.
    """

    zone: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: Counter[tuple[str, int]] = field(default_factory=Counter)
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["NameServer"]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        yield self
        transport.close()

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        (number,) = struct.unpack_from("!H", data)
        name, end = _read_name(data, _QUESTION_AT)
        (kind,) = struct.unpack_from("!H", data, end)
        records = self._records(name, kind)
        status = _NO_SUCH_NAME if name not in self.zone else 0
        header = _HEADER.pack(number, 0x8180 | status, 1, len(records), 0, 0)
        question = data[_QUESTION_AT : end + 4]
        self._transport.sendto(header + question + b"".join(records), addr)

    def _records(self, name: str, kind: int) -> list[bytes]:
        rounds = self.zone.get(name, [[]])
        answer = rounds[min(self.asked[name, kind], len(rounds) - 1)]
        self.asked[name, kind] += 1
        found = [_record(text) for text in answer]
        return [
            _NAME_OF_QUESTION + _RECORD.pack(type, _INTERNET, 0, len(content)) + content
            for type, content in found
            if type in (kind, CNAME)
        ]


def _record(text: str) -> tuple[int, bytes]:
    try:
        address = ip_address(text)
    except ValueError:
        return CNAME, _written_name(text)
    return (A if isinstance(address, IPv4Address) else AAAA), address.packed


def _written_name(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _read_name(message: bytes, at: int) -> tuple[str, int]:
    """Return a name that is written out, and where it ends."""
    labels = []
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1


class _Question(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answer.set_result(data)


class StubResolver(AbstractResolver):
    """Asks for A and AAAA and follows CNAMEs."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = [address for kind in (A, AAAA) for address in await self._addresses(host, kind)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [_result(host, address, port) for address in found]

    @override
    async def close(self) -> None: ...

    async def _addresses(self, name: str, kind: int) -> list[str]:
        for _ in range(_LONGEST_CHAIN):
            addresses, further = _read_answer(await self._ask(name, kind), kind)
            if not further:
                return addresses
            name = further
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def _ask(self, name: str, kind: int) -> bytes:
        header = _HEADER.pack(secrets.randbits(16), 0x0100, 1, 0, 0, 0)
        transport, question = await asyncio.get_running_loop().create_datagram_endpoint(
            _Question, local_addr=("127.0.0.1", 0)
        )
        try:
            transport.sendto(
                header + _written_name(name) + struct.pack("!HH", kind, _INTERNET), self._server
            )
            return await question.answer
        finally:
            transport.close()


def _read_answer(message: bytes, kind: int) -> tuple[list[str], str]:
    """Return the addresses, and the name that a CNAME leads to."""
    count = _HEADER.unpack_from(message)[3]
    _, at = _read_name(message, _QUESTION_AT)
    at += 4
    addresses, further = [], ""
    for _ in range(count):
        type, _, _, length = _RECORD.unpack_from(message, at + 2)
        at += 2 + _RECORD.size
        content = message[at : at + length]
        if type == CNAME:
            further, _ = _read_name(content, 0)
        elif type == kind:
            addresses.append(str(IPv4Address(content) if kind == A else IPv6Address(content)))
        at += length
    return addresses, further


def _result(name: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=name, host=address, port=port, family=family, proto=0, flags=0)
