"""Who owns the webhook endpoints: registers them, stops them and lets them go on."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select

from payymo_api.core.db import Scope
from payymo_api.core.types import EndpointId, TenantId
from payymo_api.edge.etag import IfMatch
from payymo_api.tools import Tools
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import lanes
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer
from payymo_api.webhooks.schemas.endpoints import EndpointRequest
from payymo_api.webhooks.service import endpoints
from tests.simulation.timeline import Process, Timeline

ANYHOW = IfMatch(None)
_EVENT_TYPES = (["*"], ["*"], ["transaction.created", "transaction.matched"])
_LOOK_SECONDS = 1.0
_KEPT = {"url", "event_types", "each_line", "ordering"}


@dataclass
class Subscriber:
    """`off`: the URLs of which the owner was told that nothing goes there any more."""

    tenant_id: TenantId
    tools: Tools
    timeline: Timeline
    tell_workers: Callable[[str], None]
    off: set[str] = field(default_factory=set)
    is_impatient: bool = False
    _changes: Counter[str] = field(default_factory=Counter)

    async def register(self) -> None:
        chance = self.timeline.chance
        for number in range(chance.randint(1, 2)):
            request = EndpointRequest(
                url=f"https://sink{number}.example.com/{self.tenant_id}",
                event_types=list(chance.choice(_EVENT_TYPES)),
                each_line=chance.random() < 0.5,
                ordering=chance.choice([None, None, "endpoint", "object"]),
            )
            async with self._scope() as scope:
                await endpoints.create_endpoint(
                    scope, self.tools.keyring, request, allow_loopback=False
                )

    async def change(self) -> None:
        """Stop an endpoint, one way or the other; let one that is stopped go on."""
        found = self.timeline.chance.choice(await self._all())
        if found.status == "enabled":
            await self._stop(found)
        else:
            await self._go_on(found)

    async def lose_patience(self) -> None:
        """From now on, the next that comes is too much."""
        self.is_impatient = True

    def expects(self, url: str) -> bool:
        """Tell whether the owner, who sees that something comes, lets it come."""
        if self.is_impatient:
            self.is_impatient = False
            stop = partial(self._stop_what_comes, url)
            self.timeline.start("stop what comes", Process("api"), stop)
        return url not in self.off

    async def _stop_what_comes(self, url: str) -> None:
        for found in await self._all():
            if found.url == url and found.status == "enabled":
                await self._stop(found)

    async def enable_all(self) -> None:
        self.is_impatient = False
        for found in await self._all():
            if found.status != "enabled":
                await self._go_on(found)

    async def _stop(self, found: WebhookEndpoint) -> None:
        """It is off when that is answered, unless it is changed again meanwhile."""
        change = self._next_change(found)
        async with self._scope() as scope:
            if self.timeline.chance.random() < 0.5:
                await endpoints.pause(scope, found.id)
            else:
                await self._put(scope, found, enabled=False)
            taken = await lanes.leases(scope, found.id)
        self.tell_workers(lanes.told([found.id]))
        await self._until_let_go(found.id, taken)
        if self._changes[found.url] == change:
            self.timeline.note(f"off: {found.url}")
            self.off.add(found.url)

    async def _until_let_go(self, id: EndpointId, taken: int) -> None:
        """As the route does (`letting_go`), in the simulation's time and with patience."""
        while await self._is_held(id, taken):
            await self.timeline.wait(_LOOK_SECONDS)

    async def _is_held(self, id: EndpointId, taken: int) -> bool:
        async with self._scope() as scope:
            return await lanes.is_held(scope, id, taken)

    async def _go_on(self, found: WebhookEndpoint) -> None:
        self._next_change(found)
        self.off.discard(found.url)
        async with self._scope() as scope:
            if found.status == "paused":
                await endpoints.resume(scope, found.id)
            else:
                await self._put(scope, found, enabled=True)
        self.tell_workers(lanes.told([found.id]))

    def _next_change(self, found: WebhookEndpoint) -> int:
        self._changes[found.url] += 1
        return self._changes[found.url]

    async def _put(self, scope: Scope, found: WebhookEndpoint, *, enabled: bool) -> None:
        same = EndpointAnswer.model_validate(found).model_dump(include=_KEPT)
        request = EndpointRequest.model_validate(same | {"enabled": enabled})
        await endpoints.replace_endpoint(
            scope, self.tools.keyring, ANYHOW, found.id, request, allow_loopback=False
        )

    async def _all(self) -> Sequence[WebhookEndpoint]:
        async with self._scope() as scope:
            statement = select(WebhookEndpoint).order_by(WebhookEndpoint.id)
            return (await scope.session.scalars(statement)).all()

    def _scope(self) -> AbstractAsyncContextManager[Scope]:
        return self.tools.database.scope(self.tenant_id)
