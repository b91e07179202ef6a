"""The lanes in a worker's hands: taken, read, kept and given back (ADR 21)."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from payymo_api.core import log
from payymo_api.core.crypto import Keyring, Undecipherable
from payymo_api.core.db import Database
from payymo_api.core.repository import transient
from payymo_api.core.types import EndpointId, public_id
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import lanes, sent
from payymo_api.webhooks.repository.lanes import Key
from payymo_api.webhooks.service.lane import LEASE, Lane
from payymo_api.webhooks.service.opening import open_endpoint

_KEPT_SECONDS = 600.0  # then a lane is taken anew: what has expired of its endpoint is read again
_TURN_SECONDS = 5.0
_MOST_LANES = 1000
_MOST_KNOWN = 6000
_LANES_AT_ONCE = 200
_log = log.get(__name__)


class Holding:
    """What one worker holds of the lanes of all tenants.

    `news` is set when there is something to do; `seeks`: when lanes may be due that nobody has.
    """

    def __init__(self, database: Database, keyring: Keyring, presence: Presence) -> None:
        self.lanes: dict[Key, Lane] = {}
        self.news = asyncio.Event()
        self.seeks = True
        self._database, self._keyring, self._presence = database, keyring, presence
        self._own_number = -1 - secrets.randbelow(2**62)  # where there is no presence
        self._holder = self._own_number
        self._by_endpoint: dict[EndpointId, Lane] = {}
        self._told: list[str] = []

    def hear(self, payload: str = "") -> None:
        """Look for news: of these endpoints, or of any if none is named."""
        found = [self._by_endpoint.get(each) for each in lanes.heard(payload)]
        for lane in found or self.lanes.values():
            if lane is not None:
                lane.is_hungry = True
        self.seeks = self.seeks or not found or None in found
        self.news.set()

    def let_go(self, payload: str = "") -> None:
        """Serve no longer what has changed; if it is not known what has, nothing of what we had."""
        self._told.append(payload)
        found = [self._by_endpoint.get(each) for each in lanes.heard(payload)]
        self.close(lane for lane in found or self.lanes.values() if lane is not None)
        self.news.set()

    def check_presence(self) -> None:
        """Under another number, what we had may be anybody's."""
        if self._number != self._holder:
            self._holder = self._number
            self.close(self.lanes.values())

    @property
    def _number(self) -> int:
        return self._presence.number or self._own_number

    def is_ours(self, lane: Lane, now: float) -> bool:
        """Nothing begins after the lease, or when the presence that it was taken in has ended."""
        if now >= lane.expires_at or lane.holder != self._number:
            lane.close()
        return not lane.is_closing

    async def free(self) -> None:
        async with self._database.system_batch_scope() as scope:
            await lanes.free_those_of_the_dead(scope)

    async def take(self) -> None:
        """Take lanes that are due, as many as we can serve."""
        room = min(_MOST_LANES - len(self.lanes), _LANES_AT_ONCE)
        self.seeks = False
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
            if lost := self.lanes.get(key):  # ours again, while posts of it are under way
                lost.close()
                lost.holder = holder
                continue
            try:
                to = open_endpoint(self._keyring, endpoint)
            except Undecipherable:  # it is tried again when the lease is over
                _log.error("webhook_endpoint_undecipherable", endpoint=public_id("we", endpoint.id))
                continue
            self.lanes[key] = self._by_endpoint[endpoint.id] = Lane(
                key,
                to,
                holder=holder,
                changed_at=endpoint.updated_at,
                failing_since=since[key],
                taken_at=taken_at,
            )
        self.seeks = self.seeks or len(taken) == room
        for payload in tuple(self._told):  # it was told before we had the lane
            self.let_go(payload)

    async def _make_room(self) -> None:
        """Let go of those that were served longest if others wait: every endpoint has its turn."""
        async with self._database.system_batch_scope() as scope:
            if not await lanes.is_any_due(scope):
                return
        longest = sorted(self.lanes.values(), key=lambda lane: lane.taken_at)[:_LANES_AT_ONCE]
        now = monotonic()
        self.close([lane for lane in longest if now - lane.taken_at >= _TURN_SECONDS])

    async def renew(self, now: float) -> None:
        """Keep what we have; what is no longer ours, has changed, or was had for long, is let go.

        Of a change that was not heard of, behind a pooler that passes no news, this learns.
        """
        if not self.lanes:
            return
        async with self._database.system_batch_scope() as scope:
            kept = await lanes.renew(scope, self.lanes, self._holder, LEASE)
        for key, lane in self.lanes.items():
            is_as_it_was = kept.get(key) == lane.changed_at
            if is_as_it_was and now - lane.taken_at < _KEPT_SECONDS:
                lane.expires_at = now + LEASE.total_seconds()
            else:
                lane.close()

    async def read(self) -> None:
        """Read what is due of the lanes that have run low."""
        room = max(_MOST_KNOWN - sum(len(lane.known) for lane in self.lanes.values()), 0)
        low = [lane for lane in self.lanes.values() if lane.is_low and (room or not lane.known)]
        if not low:
            return
        if len(low) > _LANES_AT_ONCE:
            low = sorted(low, key=lambda lane: lane.read_at)[:_LANES_AT_ONCE]
            self.news.set()
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

    async def give_back(self) -> None:
        """Give back the lanes that we are done with."""
        done = [lane for lane in self.lanes.values() if lane.is_done(monotonic())]
        for start in range(0, len(done), _LANES_AT_ONCE):
            some = done[start : start + _LANES_AT_ONCE]
            for holder in {lane.holder for lane in some}:
                keys = [lane.key for lane in some if lane.holder == holder]
                async with self._database.system_batch_scope() as scope:
                    await lanes.release(scope, keys, holder)
            for lane in some:
                self.seeks = self.seeks or lane.is_closing or lane.is_hungry
                del self.lanes[lane.key], self._by_endpoint[lane.key[1]]

    def close(self, some: Iterable[Lane]) -> None:
        """Let nothing more of these begin."""
        for lane in list(some):
            lane.close()
