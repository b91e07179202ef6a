"""What a feature may announce: a frozen fact with a name.

A `PublicEvent` also goes to the tenant's systems: its `name` is the event type of the contract and
its `data` the `data` of the webhook body, already exact JSON.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]


class PublicEvent(Event):
    """`data` is exact JSON text (`edge.exact.dump` of the answer's model)."""

    data: str
