"""Ids: a UUIDv7 inside, `<prefix>_<sortable text>` outside."""

from base64 import b32hexdecode, b32hexencode
from dataclasses import dataclass
from typing import Any, NewType, TypeVar
from uuid import UUID

import uuid_utils.compat
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

TenantId = NewType("TenantId", UUID)
KeyId = NewType("KeyId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
AccountId = NewType("AccountId", UUID)
TransactionId = NewType("TransactionId", UUID)
CustomerId = NewType("CustomerId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
PayoutId = NewType("PayoutId", UUID)
MatchId = NewType("MatchId", UUID)
CreditId = NewType("CreditId", UUID)
EndpointId = NewType("EndpointId", UUID)
EventId = NewType("EventId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
RunId = NewType("RunId", UUID)
IncidentId = NewType("IncidentId", UUID)

PREFIXES: dict[Any, str] = {
    TenantId: "tenant",
    KeyId: "key",
    ConnectionId: "bc",
    AccountId: "bacc",
    TransactionId: "tr",
    CustomerId: "cust",
    InvoiceId: "inv",
    PayoutId: "spo",
    MatchId: "mt",
    CreditId: "cred",
    EndpointId: "we",
    EventId: "evt",
    DeliveryId: "dlv",
    RunId: "run",
    IncidentId: "inc",
}

_TEXT_LENGTH = 26  # 128 bits in base 32
_SAMPLE = UUID("01a207c2-3cd6-735f-ad63-f117f59f14a2")
IdT = TypeVar("IdT", bound=UUID)


def new_id() -> UUID:
    """Return a fresh UUIDv7: ids made later sort later (RFC 9562)."""
    return uuid_utils.compat.uuid7()


def public_id(prefix: str, id: UUID) -> str:
    """Return the outside form; base32hex keeps the order of the bytes (RFC 4648, section 7)."""
    return f"{prefix}_{b32hexencode(id.bytes).decode().rstrip('=').lower()}"


def parse_public_id(prefix: str, text: str) -> UUID:
    """Return the id inside `text`; ValueError unless `text` is exactly what `public_id` writes."""
    kind, _, tail = text.rpartition("_")
    if kind != prefix or len(tail) != _TEXT_LENGTH or not tail.isascii():
        raise ValueError(f"not an id that starts with {prefix}_")
    id = UUID(bytes=b32hexdecode(f"{tail.upper()}======"))
    if public_id(prefix, id) != text:
        raise ValueError(f"not an id that starts with {prefix}_")
    return id


@dataclass(frozen=True, slots=True)
class PublicId:
    """Annotates an id in a schema: `Annotated[InvoiceId, PublicId("inv")]`."""

    prefix: str

    def __get_pydantic_core_schema__(
        self,
        source: object,
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        parse = core_schema.no_info_plain_validator_function(self._parse)
        write = core_schema.plain_serializer_function_ser_schema(
            lambda id: public_id(self.prefix, id), when_used="unless-none"
        )
        return core_schema.json_or_python_schema(
            json_schema=parse, python_schema=parse, serialization=write
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": f"^{self.prefix}_[0-9a-v]{{{_TEXT_LENGTH}}}$",
            "examples": [public_id(self.prefix, _SAMPLE)],
        }

    def _parse(self, value: object) -> UUID:
        if isinstance(value, UUID):
            return value
        if not isinstance(value, str):
            raise ValueError(f"an id is text that starts with {self.prefix}_")  # noqa: TRY004  pydantic reports ValueErrors
        return parse_public_id(self.prefix, value)
