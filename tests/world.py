"""One object of every kind that a path or a body can name, made as a client would make it."""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastapi import FastAPI

from tests.conftest import Someone, make_someone


@dataclass(slots=True)
class World:
    owner: Someone
    ids: dict[str, str] = field(default_factory=dict)

    PREFIXES: ClassVar[dict[str, str]] = {
        "key_id": "key",
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
        return (await _furnish(stranger)).ids


async def make_world(app: FastAPI) -> World:
    return await _furnish(await make_someone(app))


async def _furnish(owner: Someone) -> World:
    world = World(owner)
    made = await owner.client.post("/api/v1/api_keys", json={"name": "a key"})
    world.ids["key_id"] = made.json()["id"]
    return world
