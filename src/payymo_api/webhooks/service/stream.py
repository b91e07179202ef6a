"""Streams of events: each reads by itself what comes behind its place, all are woken together.

While it waits a stream holds no connection of the pool. One connection of the process hears that
events were numbered; one statement then, and every second, tells which streams have something to
read. A stream holds one page of events: what its client does not take, it does not read.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import Overloaded, PayymoError
from payymo_api.core.settings import Settings
from payymo_api.core.types import KeyId, TenantId
from payymo_api.edge.caller import Caller
from payymo_api.messaging.news import News
from payymo_api.messaging.outbox import NUMBERED
from payymo_api.webhooks.errors import TooManyStreams
from payymo_api.webhooks.repository.events import EventRepository, last_sequences
from payymo_api.webhooks.rules import sse
from payymo_api.webhooks.rules.subscriptions import covers

PER_KEY = 5
"""Streams of one key that a process keeps open."""
PAGE = 50
"""Events that a stream reads at once."""
HEARTBEAT_SECONDS = 15.0
_LOOK_SECONDS = 1.0
_OPEN = Gauge("payymo_event_streams", "Event streams that are open")
_log = log.get(__name__)
IsWelcome = Callable[[], Awaitable[bool]]


@dataclass(slots=True, eq=False)
class Stream:
    """`position`: the sequence number up to which its client knows everything."""

    tenant_id: TenantId
    key_id: KeyId
    event_types: Sequence[str]
    position: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> None:
        """Return when there is something to read, at the latest after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.news.wait()


class Streams:
    """All streams of this process."""

    def __init__(
        self,
        database: Database,
        news: News,
        *,
        at_once: int,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._database, self._news = database, news
        self._at_once, self._heartbeat = at_once, heartbeat_seconds
        self._open: set[Stream] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ending = False

    @contextmanager
    def place(self, caller: Caller, event_types: Sequence[str]) -> Iterator[Stream]:
        """Keep a place for a stream; TooManyStreams or Overloaded where none is left."""
        if self._is_ending or len(self._open) >= self._at_once:
            raise Overloaded("This process keeps no more streams.", retry_after=1)
        if sum(each.key_id == caller.key_id for each in self._open) >= PER_KEY:
            raise TooManyStreams(f"A key has at most {PER_KEY} streams.", retry_after=5)
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._news.keep()),
                asyncio.create_task(self._look()),
            ]
        stream = Stream(caller.tenant_id, caller.key_id, event_types)
        self._open.add(stream)
        _OPEN.set(len(self._open))
        try:
            yield stream
        finally:
            self._open.discard(stream)
            _OPEN.set(len(self._open))

    async def put_behind(self, stream: Stream, after: int | None) -> None:
        """Let the stream go on behind a sequence number, or from now on."""
        if after is None:
            async with self._database.scope(stream.tenant_id) as scope:
                after = await EventRepository(scope).last_sequence()
        stream.position = after

    async def messages(self, stream: Stream, is_welcome: IsWelcome) -> AsyncIterator[bytes]:
        """Tell what is behind the stream's place, and then what comes, while it is welcome.

        It ends without a word where the database can't be asked: its client comes again.
        """
        yield sse.beginning(stream.position)
        beat = monotonic() + self._heartbeat
        with suppress(PayymoError):
            while not self._is_ending and await is_welcome():
                stream.news.clear()
                page = await self._page(stream)
                for sequence, name, body in page:
                    stream.position = sequence
                    if any(covers(pattern, name) for pattern in stream.event_types):
                        yield sse.event(sequence, name, body)
                if not page:
                    await stream.wait(beat - monotonic())
                if monotonic() >= beat:
                    yield sse.heartbeat(stream.position)
                    beat = monotonic() + self._heartbeat

    def end_all(self) -> None:
        """Let every stream end by itself, and none begin: the server shuts down."""
        self._is_ending = True
        for stream in self._open:
            stream.news.set()

    async def aclose(self) -> None:
        self.end_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _page(self, stream: Stream) -> list[tuple[int, str, bytes]]:
        async with self._database.scope(stream.tenant_id) as scope:
            return await EventRepository(scope).behind(stream.position, PAGE)

    async def _look(self) -> None:
        while True:
            await self._news.wait(_LOOK_SECONDS)
            try:
                await self._look_once()
            except (PayymoError, SQLAlchemyError) as error:
                _log.warning("streams_not_told", cause=type(error).__name__)

    async def _look_once(self) -> None:
        """Wake the streams that have something to read."""
        if not self._open:
            return
        async with self._database.system() as session:
            last = await last_sequences(session, {each.tenant_id for each in self._open})
        for stream in self._open:
            if last.get(stream.tenant_id, 0) > stream.position:
                stream.news.set()


def open_streams(settings: Settings, database: Database) -> Streams:
    return Streams(
        database, News(settings.database_url, NUMBERED), at_once=settings.streams_at_once
    )
