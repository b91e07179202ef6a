import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.abc import ResolveResult
from typing_extensions import override

from payymo_api.webhooks.gateway import DeliveryFailed, Failure
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from payymo_api.webhooks.rules import signing
from tests.webhooks.certificates import self_signed
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import received
from tests.webhooks.test_addresses import Answers

BODY = b'{"event_type":"transaction.created"}'


async def _failure(sender: AiohttpSender, url: str) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await sender.post(url, {}, BODY)
    return caught.value


@pytest.fixture
async def hasty() -> AsyncIterator[AiohttpSender]:
    sender = AiohttpSender(allow_loopback=True, timeout_seconds=0.5)
    yield sender
    await sender.aclose()


@asynccontextmanager
async def _dripping(start: bytes) -> AsyncIterator[str]:
    """The URL of an endpoint that answers `start`, then a byte now and then for ever."""

    tasks: set[asyncio.Task[None] | None] = set()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(start)
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    server.close()
    dripping = [task for task in tasks if task]
    for task in dripping:
        task.cancel()
    await asyncio.gather(*dripping)
    await server.wait_closed()


async def test_sends_the_bytes_as_they_are_with_our_headers(
    lenient: AiohttpSender, receiver: Receiver
) -> None:
    signed = signing.headers([b"k" * 32], "evt_1", BODY, datetime.now(UTC))
    answer = await lenient.post(receiver.url, signed, BODY)
    assert (answer.status, answer.body_excerpt) == (200, b"ok")
    assert receiver.bodies == [BODY]
    head = receiver.heads[0]
    assert head.startswith("POST /hooks HTTP/1.1\r\n")
    assert f"X-Webhook-Signature: {signed['X-Webhook-Signature']}\r\n" in head
    assert "User-Agent: Payymo-Webhooks/" in head
    assert "Content-Type: application/json\r\n" in head


async def test_a_connection_serves_again(lenient: AiohttpSender, receiver: Receiver) -> None:
    await lenient.post(receiver.url, {}, BODY)
    await lenient.post(receiver.url, {}, BODY)
    assert (receiver.connections, len(receiver.bodies)) == (1, 2)


async def test_cookies_are_neither_kept_nor_sent(
    lenient: AiohttpSender, receiver: Receiver
) -> None:
    receiver.answer = b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
    await lenient.post(receiver.url, {}, BODY)
    await lenient.post(receiver.url, {}, BODY)
    assert "cookie" not in receiver.heads[1].lower()


async def test_proxies_of_the_environment_are_ignored(
    lenient: AiohttpSender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await lenient.post(receiver.url, {}, BODY)).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(
    lenient: AiohttpSender, receiver: Receiver, status: int
) -> None:
    location = f"http://127.0.0.1:{receiver.port}/elsewhere"
    receiver.answer = (
        f"HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ).encode()
    answer = await lenient.post(receiver.url, {}, BODY)
    assert (answer.status, answer.headers) == (status, {"location": location})
    assert len(receiver.heads) == 1


async def test_what_an_answer_may_ask_for_is_handed_on(
    lenient: AiohttpSender, receiver: Receiver
) -> None:
    asked = "Retry-After: 120\r\nWebhook-Delivery: disable\r\nX-Else: 1\r\n"
    receiver.answer = f"HTTP/1.1 503 Busy\r\n{asked}content-length: 0\r\n\r\n".encode()
    answer = await lenient.post(receiver.url, {}, BODY)
    assert answer.status == 503
    assert answer.headers == {"retry-after": "120", "webhook-delivery": "disable"}


async def test_no_answer_in_time_is_a_timeout(hasty: AiohttpSender, receiver: Receiver) -> None:
    receiver.answer = None
    assert (await _failure(hasty, receiver.url)).kind is Failure.TIMEOUT
    assert receiver.bodies == [BODY]


async def test_a_status_counts_though_its_body_never_ends(
    hasty: AiohttpSender, receiver: Receiver
) -> None:
    receiver.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\npart"
    answer = await hasty.post(receiver.url, {}, BODY)
    assert (answer.status, answer.body_excerpt) == (200, b"part")


async def test_a_body_that_drips_is_cut_and_its_status_counts(hasty: AiohttpSender) -> None:
    async with _dripping(b"HTTP/1.1 201 Created\r\n\r\n") as url:
        answer = await hasty.post(url, {}, BODY)
    assert answer.status == 201
    assert 0 < len(answer.body_excerpt) < 1000
    assert set(answer.body_excerpt) == set(b"x")


async def test_a_head_that_drips_is_no_answer_in_time(hasty: AiohttpSender) -> None:
    async with _dripping(b"HTTP/1.1 201 Created\r\nX-Slow: ") as url:
        assert (await _failure(hasty, url)).kind is Failure.TIMEOUT


async def test_a_name_server_that_is_silent_is_no_answer_in_time() -> None:
    class Silent(Answers):
        @override
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            await asyncio.Event().wait()
            return []

    sender = AiohttpSender(timeout_seconds=0.2, resolver=Silent())
    assert (await _failure(sender, "https://hooks.example.com/")).kind is Failure.TIMEOUT
    await sender.aclose()


async def test_a_head_without_end_is_no_answer(lenient: AiohttpSender, receiver: Receiver) -> None:
    receiver.answer = b"HTTP/1.1 200 OK\r\n" + b"x-more: more\r\n" * 100_000 + b"\r\n"
    assert (await _failure(lenient, receiver.url)).kind is Failure.NO_ANSWER


async def test_endless_interim_answers_are_no_answer_in_time(
    hasty: AiohttpSender, receiver: Receiver
) -> None:
    receiver.answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100
    assert (await _failure(hasty, receiver.url)).kind is Failure.TIMEOUT


async def test_posts_that_wait_for_their_answers_hold_up_no_other(
    lenient: AiohttpSender, receiver: Receiver
) -> None:
    silent = Receiver(answer=None)
    server = await silent.start()
    waiting = [asyncio.ensure_future(lenient.post(silent.url, {}, BODY)) for _ in range(300)]
    await received(silent.bodies, len(waiting))
    assert (await lenient.post(receiver.url, {}, BODY)).status == 200
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    server.close()
    await silent.stop()
    await server.wait_closed()


async def test_a_huge_answer_is_cut_at_16_kib_and_its_connection_dropped(
    lenient: AiohttpSender, receiver: Receiver
) -> None:
    size = 32 * 1024 * 1024
    receiver.answer = f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode() + b"x" * size
    answer = await lenient.post(receiver.url, {}, BODY)
    assert answer.body_excerpt == b"x" * 16 * 1024
    await lenient.post(receiver.url, {}, BODY)
    assert receiver.connections == 2


async def test_a_gzip_bomb_stays_packed(lenient: AiohttpSender, receiver: Receiver) -> None:
    bomb = gzip.compress(b"\0" * 8 * 1024 * 1024)
    receiver.answer = (
        f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n"
    ).encode() + bomb
    answer = await lenient.post(receiver.url, {}, BODY)
    assert answer.body_excerpt == bomb[: 16 * 1024]
    assert "Accept-Encoding: identity\r\n" in receiver.heads[0]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"220 mail.example ESMTP\r\n\r\n"])
async def test_what_is_no_http_answer_is_none(
    hasty: AiohttpSender, receiver: Receiver, answer: bytes
) -> None:
    receiver.answer = answer
    kind = (await _failure(hasty, receiver.url)).kind
    assert kind is (Failure.TIMEOUT if answer == b"HTTP/1.1 2" else Failure.NO_ANSWER)


async def test_a_closed_port_is_a_failure_to_connect(lenient: AiohttpSender) -> None:
    gone = await Receiver().start()
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    failure = await _failure(lenient, f"http://127.0.0.1:{port}/")
    assert (failure.kind, failure.detail) == (Failure.CONNECT, "Connection refused")


async def test_a_certificate_nobody_vouches_for_is_refused(
    lenient: AiohttpSender, tmp_path: Path
) -> None:
    receiver = Receiver()
    server = await receiver.start(self_signed(tmp_path, "127.0.0.1"))
    failure = await _failure(lenient, f"https://127.0.0.1:{receiver.port}/")
    assert (failure.kind, receiver.bodies) == (Failure.TLS, [])
    assert "self-signed certificate" in failure.detail
    server.close()
    await receiver.stop()
    await server.wait_closed()


async def test_no_tls_where_tls_is_due_is_a_tls_failure(lenient: AiohttpSender) -> None:
    async def talk_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk_plainly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (await _failure(lenient, f"https://127.0.0.1:{port}/")).kind is Failure.TLS
    server.close()
    await server.wait_closed()
