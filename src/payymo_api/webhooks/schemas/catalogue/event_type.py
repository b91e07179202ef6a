"""What is declared of an event type."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

JSON_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class EventType:
    """`data` is the model of the event's `data`, and `example` what that may look like.

    `object`: the field of `data` that names what the event is about. `since`: the version of the
    API that sends it first; None: a later one will, and it may be subscribed to ahead of time.
    """

    name: str
    description: str
    data: type[BaseModel]
    example: Mapping[str, Any]
    object: str = "id"
    since: str | None = "1.0.0"

    @property
    def available(self) -> bool:
        return self.since is not None

    @property
    def schema(self) -> Mapping[str, Any]:
        """JSON Schema of `data`; a later version may add fields."""
        return _schema(self.data)

    def object_id(self, data: Mapping[str, Any]) -> str:
        """Return the id of what the event is about; "" if its `data` was erased."""
        return str(data.get(self.object, ""))


@cache
def _schema(data: type[BaseModel]) -> Mapping[str, Any]:
    return {"$schema": JSON_SCHEMA, **data.model_json_schema(mode="serialization")}
