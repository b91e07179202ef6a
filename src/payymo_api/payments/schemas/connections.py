from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr

from payymo_api.core.addresses import WebAddress
from payymo_api.core.fields import Answer, Instant, Name, Paging, Request
from payymo_api.core.refs import StripeConnectionRef
from payymo_api.core.troubles import Trouble

ConnectionType = Literal["key", "connect"]
ConnectionStatus = Literal["pending", "active", "error", "revoked"]
SecretKey = Annotated[
    SecretStr,
    Field(
        max_length=255,
        description="A restricted key of the account: rk_test_… or rk_live_…; never shown again.",
        examples=["rk_test_example0000"],
    ),
]


class StripeConnectionFilters(Paging):
    status: Annotated[ConnectionStatus | None, Field(description="Only these.")] = None
    livemode: Annotated[bool | None, Field(description="Only live ones, or only test ones.")] = None


class StripeConnectionRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "connect", "redirect_url": "https://app.example.com/stripe/done"},
                {"type": "key", "secret_key": "rk_test_example0000"},
            ]
        }
    )

    type: Annotated[
        ConnectionType,
        Field(description="`connect`: the owner grants access at Stripe; `key`: by a key."),
    ]
    secret_key: Annotated[SecretKey | None, Field(description="For `key`.")] = None
    redirect_url: Annotated[
        WebAddress | None,
        Field(
            description="For `connect`: where the owner goes afterwards, with `connection_id` and "
            "`status` added to the query."
        ),
    ] = None
    reference: Annotated[
        Name | None, Field(description="Your own name for the connection.", examples=["shop"])
    ] = None


class RotateKeyRequest(Request):
    secret_key: SecretKey


class AccountBrief(Answer):
    id: Annotated[str, Field(examples=["acct_1Example"])]
    name: str | None
    country: Annotated[str | None, Field(examples=["GB"])]
    default_currency: Annotated[str | None, Field(examples=["GBP"])]


class StripeConnectionAnswer(Answer):
    id: StripeConnectionRef
    type: ConnectionType
    status: ConnectionStatus
    livemode: Annotated[bool, Field(description="False: nothing here is real money.")]
    account: Annotated[AccountBrief | None, Field(description="Null until access is granted.")]
    key_hint: Annotated[
        str | None, Field(examples=["rk_test_…0000"], description="To tell keys apart.")
    ]
    reference: str | None
    redirect_url: str | None
    authorization_url: Annotated[
        str | None, Field(description="Send the account's owner there; null when there is no need.")
    ]
    error: Annotated[Trouble | None, Field(description="Why Stripe refuses us, if it does.")]
    activated_at: Instant | None
    created_at: Instant
    updated_at: Instant


class HistoryOfKind(Answer):
    kind: Annotated[str, Field(description="What Stripe calls it.", examples=["payment_intent"])]
    fetched: Annotated[int, Field(description="Objects so far.", examples=[1200])]
    complete: bool
    oldest: Annotated[
        Instant | None, Field(description="How far back it has come: the newest come first.")
    ]


class StripeConnectionDetail(StripeConnectionAnswer):
    history_status: Annotated[
        Literal["none", "fetching", "complete"],
        Field(description="Whether all that the account had before is here; none: not asked for."),
    ]
    history: Sequence[HistoryOfKind]
