"""The dispatcher of a webhook worker: takes lanes, reads them, sends, settles, gives them back.

One turn at a time reads and settles, so that nothing is read that is being settled; posts run
beside it. ADR 21 tells why lanes, and what a turn costs.
"""

import asyncio
from contextlib import suppress
from time import monotonic

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from payymo_api.core import log
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks.gateway import Sender
from payymo_api.webhooks.rules.retries import Outcome
from payymo_api.webhooks.service.holding import Holding
from payymo_api.webhooks.service.lane import Lane, Parcel
from payymo_api.webhooks.service.sending import Result, result, send
from payymo_api.webhooks.service.settling import obey, settle

_RENEWED_EVERY = 5.0
_LOOK_SECONDS = 0.5
_GATHER_SECONDS = 0.002  # posts end in swarms: one turn serves many
_SETTLED_WITHIN = 0.02
_GRACE_SECONDS = 10.0
_MOST_UNDER_WAY = 1000
_MOST_UNSETTLED = 2000
_SETTLED_SOON, _SETTLED_AT_ONCE = 200, 500
_log = log.get(__name__)
_LANES = Gauge("payymo_webhook_lanes", "Endpoints that this worker serves now")
_UNDER_WAY = Gauge("payymo_webhook_under_way", "Webhooks that are being sent now")


class Dispatcher:
    """Serves the endpoints of all tenants; `run` until cancelled."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: Sender, presence: Presence
    ) -> None:
        self.held = Holding(database, keyring, presence)
        self._database, self._sender = database, sender
        self._results: list[Result] = []
        self._posts: set[asyncio.Task[None]] = set()
        self._looked_at = self._renewed_at = self._settled_at = 0.0

    async def run(self) -> None:
        """Serve until cancelled; then let the posts under way end, and give everything back."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SETTLED_WITHIN if self._results else _LOOK_SECONDS):
                        await self.held.news.wait()
                await asyncio.sleep(_GATHER_SECONDS)
                self.held.news.clear()
                await self._try_turn()
        finally:
            await self._end()

    async def drain(self) -> int:
        """Send all that is due now, one after another, and give everything back."""
        count = 0
        await self.held.free()
        while True:
            self.held.check_presence()
            await self.held.take()
            await self.held.read()
            found = [lane for lane in self.held.lanes.values() if lane.has_room]
            if not found:
                break
            for lane in found:
                while lane.has_room and self.held.is_ours(lane, monotonic()):
                    await self._post(lane, lane.take())
                    count += 1
            await self._settle()
            await self.held.renew(monotonic())
        self.held.close(self.held.lanes.values())
        await self.held.give_back()
        return count

    async def _end(self) -> None:
        self.held.close(self.held.lanes.values())
        ends_at = monotonic() + _GRACE_SECONDS
        while True:
            with suppress(PayymoError, SQLAlchemyError):
                await self._settle()
                await self.held.give_back()
            if not self._posts or monotonic() >= ends_at:
                return
            await asyncio.wait(self._posts, timeout=_LOOK_SECONDS)

    async def _try_turn(self) -> None:
        try:
            await self._turn()
        except (PayymoError, SQLAlchemyError) as error:
            _log.warning("dispatch_paused", cause=type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)
        except Exception:  # noqa: BLE001  whatever it is, the other work of this worker goes on
            _log.exception("dispatch_crashed")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _turn(self) -> None:
        now = monotonic()
        is_look = now - self._looked_at >= _LOOK_SECONDS
        self.held.check_presence()
        if len(self._results) >= _SETTLED_SOON or now - self._settled_at >= _SETTLED_WITHIN:
            await self._settle()
            self._settled_at = now
        if now - self._renewed_at >= _RENEWED_EVERY:
            self._renewed_at = now
            await self.held.renew(now)
        if is_look or any(lane.is_closing for lane in self.held.lanes.values()):
            await self.held.give_back()
        if is_look:
            self._looked_at = now
            await self.held.free()
            self.held.hear()
        if self.held.seeks:
            await self.held.take()
        await self.held.read()
        for lane in self.held.lanes.values():
            self._pump(lane)
        _LANES.set(len(self.held.lanes))
        _UNDER_WAY.set(len(self._posts))

    def _pump(self, lane: Lane) -> None:
        """Begin what may begin."""
        while (parcel := self._next(lane)) is not None:
            post = asyncio.create_task(self._deliver(lane, parcel))
            self._posts.add(post)
            post.add_done_callback(self._posts.discard)

    def _next(self, lane: Lane) -> Parcel | None:
        """Return what may be sent now."""
        if not lane.has_room or not self._may_begin(lane):
            return None
        now = monotonic()
        if not self.held.is_ours(lane, now):
            return None
        if wait := lane.pace.wait(now):
            self._pump_later(lane, wait)
            return None
        lane.pace.went(now)
        return lane.take()

    def _pump_later(self, lane: Lane, wait: float) -> None:
        if not lane.is_timed:
            lane.is_timed = True
            asyncio.get_running_loop().call_later(wait, self._pump_now, lane)

    def _pump_now(self, lane: Lane) -> None:
        lane.is_timed = False
        self._pump(lane)

    def _may_begin(self, lane: Lane) -> bool:
        """Half of the slots are for whoever comes; of the rest, each has its share.

        Those that fail have none of the rest, so that they never take what the others need.
        """
        count = len(self._posts)
        if len(self._results) >= _MOST_UNSETTLED or count >= _MOST_UNDER_WAY:
            return False
        share = max(_MOST_UNDER_WAY // 2 // len(self.held.lanes), 1)
        is_within = lane.under_way < share and not lane.window.is_failing
        return count < _MOST_UNDER_WAY // 2 or is_within

    async def _deliver(self, lane: Lane, parcel: Parcel) -> None:
        """Post this one, and then what comes next: a task of its own for each would cost more."""
        following: Parcel | None = parcel
        while following is not None:
            await self._post(lane, following)
            if len(self._results) in {1, _SETTLED_SOON} or lane.is_closing:
                self.held.news.set()
            following = self._next(lane)
            self._pump(lane)

    async def _post(self, lane: Lane, parcel: Parcel) -> None:
        attempt = await send(self._sender, lane.to, parcel)
        found = result(lane, parcel, attempt)
        if attempt.outcome is Outcome.DELIVERED:
            lane.window.delivered()
        else:
            lane.window.failed(answered=attempt.status_code is not None)
            lane.trim()
        lane.answered(parcel, is_over=found.is_over, now=monotonic())
        if attempt.disables:
            lane.close()
        self._results.append(found)

    async def _settle(self) -> None:
        while some := self._results[:_SETTLED_AT_ONCE]:
            await settle(self._database, some)
            del self._results[: len(some)]
            await obey(self._database, some)
