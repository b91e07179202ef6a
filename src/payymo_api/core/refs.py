"""The types of public ids in schemas: `tr_…` in JSON, a UUID inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, get_args
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from payymo_api.core import types as ids

_NOTHING = UUID(int=0)
_SAMPLE = UUID("01a207c2-3cd6-735f-ad63-f117f59f14a2")


@dataclass(frozen=True, slots=True)
class PublicId:
    """Annotates an id in a schema: `Annotated[InvoiceId, PublicId("inv")]`.

    A `lenient` one takes any text, for filters: what is no id is an id of nothing.
    """

    prefix: str
    lenient: bool = False

    def __get_pydantic_core_schema__(
        self,
        source: object,
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        parse = core_schema.no_info_plain_validator_function(self._parse)
        write = core_schema.plain_serializer_function_ser_schema(
            lambda id: ids.public_id(self.prefix, id), when_used="unless-none"
        )
        return core_schema.json_or_python_schema(
            json_schema=parse, python_schema=parse, serialization=write
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        if self.lenient:
            return {"type": "string", "x-id-prefix": self.prefix}
        return {
            "type": "string",
            "pattern": f"^{self.prefix}_[0-9a-v]{{{ids.TEXT_LENGTH}}}$",
            "examples": [ids.public_id(self.prefix, _SAMPLE)],
        }

    def _parse(self, value: object) -> UUID:
        if isinstance(value, UUID):
            return value
        if not isinstance(value, str):
            raise ValueError(f"an id is text that starts with {self.prefix}_")  # noqa: TRY004  pydantic reports ValueErrors
        try:
            return ids.parse_public_id(self.prefix, value)
        except ValueError:
            if self.lenient:
                return _NOTHING
            raise


TenantRef = Annotated[ids.TenantId, PublicId("tenant")]
KeyRef = Annotated[ids.KeyId, PublicId("key")]
ConnectionRef = Annotated[ids.ConnectionId, PublicId("bc")]
AccountRef = Annotated[ids.AccountId, PublicId("bacc")]
TransactionRef = Annotated[ids.TransactionId, PublicId("tr")]
CustomerRef = Annotated[ids.CustomerId, PublicId("cust")]
InvoiceRef = Annotated[ids.InvoiceId, PublicId("inv")]
StripeConnectionRef = Annotated[ids.StripeConnectionId, PublicId("scon")]
PaymentRef = Annotated[ids.PaymentId, PublicId("sp")]
RefundRef = Annotated[ids.RefundId, PublicId("sre")]
DisputeRef = Annotated[ids.DisputeId, PublicId("sdp")]
PayoutRef = Annotated[ids.PayoutId, PublicId("spo")]
BalanceTransactionRef = Annotated[ids.BalanceTransactionId, PublicId("sbt")]
StripeCustomerRef = Annotated[ids.StripeCustomerId, PublicId("scus")]
SubscriptionRef = Annotated[ids.SubscriptionId, PublicId("ssub")]
StripeInvoiceRef = Annotated[ids.StripeInvoiceId, PublicId("sinv")]
MatchRef = Annotated[ids.MatchId, PublicId("mt")]
CreditRef = Annotated[ids.CreditId, PublicId("cred")]
SuggestionRef = Annotated[ids.SuggestionId, PublicId("sug")]
FactRef = Annotated[ids.FactId, PublicId("lf")]
MatchingRunRef = Annotated[ids.MatchingRunId, PublicId("mrun")]
EndpointRef = Annotated[ids.EndpointId, PublicId("we")]
EventRef = Annotated[ids.EventId, PublicId("evt")]
DeliveryRef = Annotated[ids.DeliveryId, PublicId("dlv")]
ReplayRef = Annotated[ids.ReplayId, PublicId("rpl")]
ErasureRef = Annotated[ids.ErasureId, PublicId("era")]
RunRef = Annotated[ids.RunId, PublicId("run")]
RuleRef = Annotated[ids.RuleId, PublicId("rule")]
MemoryRef = Annotated[ids.MemoryId, PublicId("mem")]
ApplicationRef = Annotated[ids.ApplicationId, PublicId("rap")]
IncidentRef = Annotated[ids.IncidentId, PublicId("inc")]
AccountFilter = Annotated[ids.AccountId, PublicId("bacc", lenient=True)]
ConnectionFilter = Annotated[ids.ConnectionId, PublicId("bc", lenient=True)]
TransactionFilter = Annotated[ids.TransactionId, PublicId("tr", lenient=True)]
CustomerFilter = Annotated[ids.CustomerId, PublicId("cust", lenient=True)]
InvoiceFilter = Annotated[ids.InvoiceId, PublicId("inv", lenient=True)]
StripeConnectionFilter = Annotated[ids.StripeConnectionId, PublicId("scon", lenient=True)]
PaymentFilter = Annotated[ids.PaymentId, PublicId("sp", lenient=True)]
PayoutFilter = Annotated[ids.PayoutId, PublicId("spo", lenient=True)]
EndpointFilter = Annotated[ids.EndpointId, PublicId("we", lenient=True)]
EventFilter = Annotated[ids.EventId, PublicId("evt", lenient=True)]
ReplayFilter = Annotated[ids.ReplayId, PublicId("rpl", lenient=True)]


def id_prefixes(model: type[BaseModel]) -> Mapping[str, str]:
    """Return field -> prefix for the fields that are public ids."""
    found = {
        name: _public_id((field.annotation, *field.metadata))
        for name, field in model.model_fields.items()
    }
    return {name: id.prefix for name, id in found.items() if id is not None}


def _public_id(parts: Sequence[object]) -> PublicId | None:
    for part in parts:
        found = part if isinstance(part, PublicId) else _public_id(get_args(part))
        if found is not None:
            return found
    return None
