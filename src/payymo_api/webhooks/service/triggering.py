"""Events that happen because somebody asked for one."""

from payymo_api.core.db import Scope
from payymo_api.core.types import EventId, new_id
from payymo_api.edge import exact
from payymo_api.messaging import outbox
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.events import TriggerAnswer


async def trigger(scope: Scope, event_type: str) -> TriggerAnswer:
    """Announce the type's example; no job of ours takes it for a fact."""
    event = OutboxEvent(
        tenant_id=scope.tenant_id,
        id=EventId(new_id()),
        name=event_type,
        payload={"test": True},
        data=exact.dump_plain(dict(EVENT_TYPES[event_type].example)).decode(),
    )
    scope.session.add(event)
    await outbox.wake(scope)
    return TriggerAnswer(id=event.id, event_type=event_type)
