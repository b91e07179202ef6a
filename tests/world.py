"""One object of every kind that a path or a body can name, made as a client would make it."""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastapi import FastAPI

from payymo_api.banking.events import BankConnectionCreated
from payymo_api.core.db import Database
from payymo_api.core.types import EventId, parse_public_id
from payymo_api.messaging import outbox, relay
from payymo_api.webhooks import tasks as webhooks
from tests.conftest import Someone, make_someone

ENDPOINT = {"url": "https://hooks.example.com/payymo", "event_types": ["*"]}


@dataclass(slots=True)
class World:
    app: FastAPI
    owner: Someone
    ids: dict[str, str] = field(default_factory=dict)

    PREFIXES: ClassVar[dict[str, str]] = {
        "key_id": "key",
        "endpoint_id": "we",
        "delivery_id": "dlv",
        "event_id": "evt",
    }

    @classmethod
    def prefix(cls, name: str) -> str:
        """Return the id prefix of a path parameter; KeyError for one that nobody taught us."""
        return cls.PREFIXES[name]

    @staticmethod
    def prefix_of(schema: dict[str, Any]) -> str | None:
        """Return the prefix of the ids that a schema takes, if it takes ids."""
        for each in (schema, *schema.get("anyOf", [])):
            found = re.match(r"\^([a-z]+)_\[", each.get("pattern", ""))
            if found:
                return found[1]
        return None

    def by_prefix(self, prefix: str) -> str:
        return next(id for id in self.ids.values() if id.startswith(f"{prefix}_"))

    async def incidents(self) -> list[str]:
        answer = await self.owner.client.get("/api/v1/security_incidents", params={"limit": 200})
        return [each["object_id"] for each in answer.json()["data"]]

    async def stranger_ids(self, stranger: Someone, names: list[str]) -> dict[str, str]:
        """Objects of the stranger's own, for the path of a request whose body is foreign."""
        if not names:
            return {}
        return (await _furnish(self.app, stranger)).ids


async def make_world(app: FastAPI) -> World:
    return await _furnish(app, await make_someone(app))


async def _furnish(app: FastAPI, owner: Someone) -> World:
    world = World(app, owner)
    world.ids["key_id"] = await _make(owner, "/api_keys", {"name": "a key"})
    world.ids["endpoint_id"] = await _make(owner, "/webhook_endpoints", ENDPOINT)
    world.ids["event_id"], world.ids["delivery_id"] = await _announce(app, owner)
    return world


async def _make(owner: Someone, path: str, body: dict[str, Any]) -> str:
    answer = await owner.client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


async def _announce(app: FastAPI, owner: Someone) -> tuple[str, str]:
    """An event, numbered and fanned out as the workers do it."""
    database: Database = app.state.parts.database
    async with database.scope(owner.tenant_id) as scope:
        await outbox.record(scope, BankConnectionCreated(data="{}"))
    while await relay.sequence(database):
        pass
    event = (await owner.client.get("/api/v1/events")).json()["data"][0]["id"]
    id = EventId(parse_public_id("evt", event))
    await webhooks.fan_out(database, owner.tenant_id, id)
    delivery = (await owner.client.get("/api/v1/webhook_deliveries")).json()["data"][0]["id"]
    return event, delivery
