"""The dispatcher of a webhook worker: takes lanes, reads them, sends, settles, gives them back.

One turn at a time reads and settles, so that nothing is read that is being settled; posts run
beside it. ADR 21 tells why lanes, and what a turn costs.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from payymo_api.core import log
from payymo_api.core.crypto import Keyring, Undecipherable
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.repository import transient
from payymo_api.core.types import EndpointId, public_id
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks.gateway import Sender
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import lanes, sent
from payymo_api.webhooks.repository.lanes import Key
from payymo_api.webhooks.rules.retries import Outcome
from payymo_api.webhooks.service.lane import LEASE, Lane, Parcel
from payymo_api.webhooks.service.opening import open_endpoint
from payymo_api.webhooks.service.sending import Result, result, send
from payymo_api.webhooks.service.settling import obey, settle

_RENEWED_EVERY = 5.0
_LOOK_SECONDS = 0.5
_GATHER_SECONDS = 0.002  # posts end in swarms: one turn serves many
_SETTLED_WITHIN = 0.02
_KEPT_SECONDS = 600.0  # then a lane is taken anew: what has expired of its endpoint is read again
_GRACE_SECONDS = 10.0
_TURN_SECONDS = 5.0
_MOST_LANES = 1000
_MOST_UNDER_WAY = 1000
_MOST_UNSETTLED = 2000
_MOST_KNOWN = 6000
_LANES_AT_ONCE = 200
_SETTLED_SOON, _SETTLED_AT_ONCE = 200, 500
_log = log.get(__name__)
_LANES = Gauge("payymo_webhook_lanes", "Endpoints that this worker serves now")
_UNDER_WAY = Gauge("payymo_webhook_under_way", "Webhooks that are being sent now")


class Dispatcher:
    """Serves the endpoints of all tenants; `run` until cancelled."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: Sender, presence: Presence
    ) -> None:
        self._database, self._keyring = database, keyring
        self._sender, self._presence = sender, presence
        self._own_number = -1 - secrets.randbelow(2**62)  # where there is no presence
        self._holder = self._own_number
        self._lanes: dict[Key, Lane] = {}
        self._by_endpoint: dict[EndpointId, Lane] = {}
        self._results: list[Result] = []
        self._posts: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._seeks = True
        self._told: list[str] = []
        self._looked_at = self._renewed_at = self._settled_at = 0.0

    def hear(self, payload: str = "") -> None:
        """Look for news: of these endpoints, or of any if none is named."""
        found = [self._by_endpoint.get(each) for each in lanes.heard(payload)]
        for lane in found or self._lanes.values():
            if lane is not None:
                lane.is_hungry = True
        self._seeks = self._seeks or not found or None in found
        self._wake.set()

    def let_go(self, payload: str = "") -> None:
        """Serve no longer what has changed; if it is not known what has, nothing of what we had."""
        self._told.append(payload)
        found = [self._by_endpoint.get(each) for each in lanes.heard(payload)]
        self._close([lane for lane in found or self._lanes.values() if lane is not None])
        self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled; then let the posts under way end, and give everything back."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SETTLED_WITHIN if self._results else _LOOK_SECONDS):
                        await self._wake.wait()
                await asyncio.sleep(_GATHER_SECONDS)
                self._wake.clear()
                await self._try_turn()
        finally:
            await self._end()

    async def drain(self) -> int:
        """Send all that is due now, one after another, and give everything back."""
        count = 0
        await self._free()
        while True:
            self._check_presence()
            await self._take()
            await self._read()
            found = [lane for lane in self._lanes.values() if lane.has_room]
            if not found:
                break
            for lane in found:
                while lane.has_room and self._is_ours(lane, monotonic()):
                    await self._post(lane, lane.take())
                    count += 1
            await self._settle()
            await self._renew(monotonic())
        self._close(self._lanes.values())
        await self._give_back()
        return count

    async def _end(self) -> None:
        self._close(self._lanes.values())
        ends_at = monotonic() + _GRACE_SECONDS
        while True:
            with suppress(PayymoError, SQLAlchemyError):
                await self._settle()
                await self._give_back()
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
        self._check_presence()
        if len(self._results) >= _SETTLED_SOON or now - self._settled_at >= _SETTLED_WITHIN:
            await self._settle()
            self._settled_at = now
        if now - self._renewed_at >= _RENEWED_EVERY:
            await self._renew(now)
        if is_look or any(lane.is_closing for lane in self._lanes.values()):
            await self._give_back()
        if is_look:
            self._looked_at = now
            await self._free()
            self.hear()
        if self._seeks:
            await self._take()
        await self._read()
        for lane in self._lanes.values():
            self._pump(lane)
        _LANES.set(len(self._lanes))
        _UNDER_WAY.set(len(self._posts))

    def _check_presence(self) -> None:
        """Under another number, what we had may be anybody's."""
        if self._number != self._holder:
            self._holder = self._number
            self._close(self._lanes.values())

    @property
    def _number(self) -> int:
        return self._presence.number or self._own_number

    async def _free(self) -> None:
        async with self._database.system_batch_scope() as scope:
            await lanes.free_those_of_the_dead(scope)

    async def _take(self) -> None:
        """Take lanes that are due, as many as we can serve."""
        room = min(_MOST_LANES - len(self._lanes), _LANES_AT_ONCE)
        self._seeks = False
        if room <= 0:
            await self._make_room()
            return
        taken_at, holder = monotonic(), self._holder
        self._told.clear()
        async with self._database.system_batch_scope() as scope:
            taken = await lanes.lease(scope, room, holder, LEASE)
            since = {(row["tenant_id"], row["endpoint_id"]): row["failing_since"] for row in taken}
            rows = await lanes.endpoints(scope, since) if since else ()
        for row in rows:
            endpoint = transient(WebhookEndpoint, **row)
            key = (endpoint.tenant_id, endpoint.id)
            if lost := self._lanes.get(key):  # ours again, while posts of it are under way
                lost.close()
                lost.holder = holder
                continue
            try:
                to = open_endpoint(self._keyring, endpoint)
            except Undecipherable:  # it is tried again when the lease is over
                _log.error("webhook_endpoint_undecipherable", endpoint=public_id("we", endpoint.id))
                continue
            self._lanes[key] = self._by_endpoint[endpoint.id] = Lane(
                key,
                to,
                holder=holder,
                changed_at=endpoint.updated_at,
                failing_since=since[key],
                taken_at=taken_at,
            )
        self._seeks = self._seeks or len(taken) == room
        for payload in tuple(self._told):  # it was told before we had the lane
            self.let_go(payload)

    async def _make_room(self) -> None:
        """Let go of those that were served longest if others wait: every endpoint has its turn."""
        async with self._database.system_batch_scope() as scope:
            if not await lanes.is_any_due(scope):
                return
        longest = sorted(self._lanes.values(), key=lambda lane: lane.taken_at)[:_LANES_AT_ONCE]
        now = monotonic()
        self._close([lane for lane in longest if now - lane.taken_at >= _TURN_SECONDS])

    async def _renew(self, now: float) -> None:
        """Keep what we have; what is no longer ours, has changed, or was had for long, is let go.

        Of a change that was not heard of, behind a pooler that passes no news, this learns.
        """
        self._renewed_at = now
        if not self._lanes:
            return
        async with self._database.system_batch_scope() as scope:
            kept = await lanes.renew(scope, self._lanes, self._holder, LEASE)
        for key, lane in self._lanes.items():
            is_as_it_was = kept.get(key) == lane.changed_at
            if is_as_it_was and now - lane.taken_at < _KEPT_SECONDS:
                lane.expires_at = now + LEASE.total_seconds()
            else:
                lane.close()

    async def _read(self) -> None:
        """Read what is due of the lanes that have run low."""
        room = max(_MOST_KNOWN - sum(len(lane.known) for lane in self._lanes.values()), 0)
        low = [lane for lane in self._lanes.values() if lane.is_low and (room or not lane.known)]
        if not low:
            return
        if len(low) > _LANES_AT_ONCE:
            low = sorted(low, key=lambda lane: lane.read_at)[:_LANES_AT_ONCE]
            self._wake.set()
        for lane in low:
            lane.is_hungry, lane.read_at = False, monotonic()
        rooms = [lane.room(room // len(low)) for lane in low]
        tenants, endpoints = lanes.columns([lane.key for lane in low])
        after = [lane.after for lane in low]
        async with self._database.system_batch_scope() as scope:
            rows = await sent.due(
                scope,
                [tenants, endpoints, rooms, [at for at, _ in after], [id for _, id in after]],
            )
        found: dict[Key, list[Mapping[str, Any]]] = {lane.key: [] for lane in low}
        for row in rows:
            found[row["tenant_id"], row["endpoint_id"]].append(row)
        for lane, most in zip(low, rooms, strict=True):
            lane.read(found[lane.key], most)

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
        if not self._is_ours(lane, now):
            return None
        if wait := lane.pace.wait(now):
            self._pump_later(lane, wait)
            return None
        lane.pace.went(now)
        return lane.take()

    def _is_ours(self, lane: Lane, now: float) -> bool:
        """Nothing begins after the lease, or when the presence that it was taken in has ended."""
        if now >= lane.expires_at or lane.holder != self._number:
            lane.close()
        return not lane.is_closing

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
        share = max(_MOST_UNDER_WAY // 2 // len(self._lanes), 1)
        is_within = lane.under_way < share and not lane.window.is_failing
        return count < _MOST_UNDER_WAY // 2 or is_within

    async def _deliver(self, lane: Lane, parcel: Parcel) -> None:
        """Post this one, and then what comes next: a task of its own for each would cost more."""
        following: Parcel | None = parcel
        while following is not None:
            await self._post(lane, following)
            if len(self._results) in {1, _SETTLED_SOON} or lane.is_closing:
                self._wake.set()
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

    async def _give_back(self) -> None:
        """Give back the lanes that we are done with."""
        done = [lane for lane in self._lanes.values() if lane.is_done(monotonic())]
        for start in range(0, len(done), _LANES_AT_ONCE):
            some = done[start : start + _LANES_AT_ONCE]
            for holder in {lane.holder for lane in some}:
                keys = [lane.key for lane in some if lane.holder == holder]
                async with self._database.system_batch_scope() as scope:
                    await lanes.release(scope, keys, holder)
            for lane in some:
                self._seeks = self._seeks or lane.is_closing or lane.is_hungry
                del self._lanes[lane.key], self._by_endpoint[lane.key[1]]

    def _close(self, some: Iterable[Lane]) -> None:
        for lane in some:
            lane.close()
