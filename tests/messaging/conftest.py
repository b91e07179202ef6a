"""Workers that come and go, as PostgreSQL sees them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from payymo_api.core.settings import Settings
from payymo_api.messaging.presence import Presence


@asynccontextmanager
async def present(settings: Settings) -> AsyncIterator[int]:
    """Yield the number of a worker that lives meanwhile and then is gone."""
    presence = Presence(settings.database_url)
    keeping = asyncio.create_task(presence.keep())
    try:
        yield await number_of(presence)
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def number_of(presence: Presence, *, other_than: int | None = None) -> int:
    """Wait until the worker is present under another number."""
    async with asyncio.timeout(30):
        while presence.number in {None, other_than}:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.01)
    assert presence.number
    return presence.number
