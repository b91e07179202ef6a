"""Ids: a UUIDv7 inside, `<prefix>_<sortable text>` outside."""

from base64 import b32hexdecode
from datetime import datetime, timedelta
from typing import Any, NewType, TypeVar
from uuid import UUID

import uuid_utils.compat

TenantId = NewType("TenantId", UUID)
KeyId = NewType("KeyId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
AccountId = NewType("AccountId", UUID)
TransactionId = NewType("TransactionId", UUID)
CustomerId = NewType("CustomerId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
StripeConnectionId = NewType("StripeConnectionId", UUID)
PaymentId = NewType("PaymentId", UUID)
RefundId = NewType("RefundId", UUID)
DisputeId = NewType("DisputeId", UUID)
PayoutId = NewType("PayoutId", UUID)
BalanceTransactionId = NewType("BalanceTransactionId", UUID)
StripeCustomerId = NewType("StripeCustomerId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
StripeInvoiceId = NewType("StripeInvoiceId", UUID)
MatchId = NewType("MatchId", UUID)
CreditId = NewType("CreditId", UUID)
SuggestionId = NewType("SuggestionId", UUID)
FactId = NewType("FactId", UUID)
MatchingRunId = NewType("MatchingRunId", UUID)
EndpointId = NewType("EndpointId", UUID)
EventId = NewType("EventId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
ReplayId = NewType("ReplayId", UUID)
ErasureId = NewType("ErasureId", UUID)
RunId = NewType("RunId", UUID)
RuleId = NewType("RuleId", UUID)
MemoryId = NewType("MemoryId", UUID)
ApplicationId = NewType("ApplicationId", UUID)
IncidentId = NewType("IncidentId", UUID)

PREFIXES: dict[Any, str] = {
    TenantId: "tenant",
    KeyId: "key",
    ConnectionId: "bc",
    AccountId: "bacc",
    TransactionId: "tr",
    CustomerId: "cust",
    InvoiceId: "inv",
    StripeConnectionId: "scon",
    PaymentId: "sp",
    RefundId: "sre",
    DisputeId: "sdp",
    PayoutId: "spo",
    BalanceTransactionId: "sbt",
    StripeCustomerId: "scus",
    SubscriptionId: "ssub",
    StripeInvoiceId: "sinv",
    MatchId: "mt",
    CreditId: "cred",
    SuggestionId: "sug",
    FactId: "lf",
    MatchingRunId: "mrun",
    EndpointId: "we",
    EventId: "evt",
    DeliveryId: "dlv",
    ReplayId: "rpl",
    ErasureId: "era",
    RunId: "run",
    RuleId: "rule",
    MemoryId: "mem",
    ApplicationId: "rap",
    IncidentId: "inc",
}

TEXT_LENGTH = 26  # 128 bits in base 32
_LETTERS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = [one + two for one in _LETTERS for two in _LETTERS]
_TRIPLES = [pair + letter for pair in _PAIRS for letter in _LETTERS]
_15 = 0x7FFF
_TIME = 80  # bits behind the milliseconds
_GREATEST = (1 << 128) - 1
IdT = TypeVar("IdT", bound=UUID)


def new_id() -> UUID:
    """Return a fresh UUIDv7: ids made later sort later (RFC 9562)."""
    return uuid_utils.compat.uuid7()


def least_id(moment: datetime) -> UUID:
    """Return the least of the ids that `new_id` makes at this moment; none is older than 1970."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=milliseconds << _TIME | 7 << 76 | 2 << 62)


def later(id: UUID, time: timedelta) -> UUID:
    """Return what an id would be that was made so much later."""
    return UUID(int=min(id.int + (time // timedelta(milliseconds=1) << _TIME), _GREATEST))


def public_id(prefix: str, id: UUID) -> str:
    """Return the outside form; base32hex keeps the order of the bytes (RFC 4648, section 7).

    By tables: a page of a list has a hundred of them.
    """
    bits = id.int << 2
    return (
        f"{prefix}_{_PAIRS[bits >> 120]}{_TRIPLES[bits >> 105 & _15]}{_TRIPLES[bits >> 90 & _15]}"
        f"{_TRIPLES[bits >> 75 & _15]}{_TRIPLES[bits >> 60 & _15]}{_TRIPLES[bits >> 45 & _15]}"
        f"{_TRIPLES[bits >> 30 & _15]}{_TRIPLES[bits >> 15 & _15]}{_TRIPLES[bits & _15]}"
    )


def parse_public_id(prefix: str, text: str) -> UUID:
    """Return the id inside `text`; ValueError unless `text` is exactly what `public_id` writes."""
    kind, _, tail = text.rpartition("_")
    if kind != prefix or len(tail) != TEXT_LENGTH or not tail.isascii():
        raise ValueError(f"not an id that starts with {prefix}_")
    id = UUID(bytes=b32hexdecode(f"{tail.upper()}======"))
    if public_id(prefix, id) != text:
        raise ValueError(f"not an id that starts with {prefix}_")
    return id
