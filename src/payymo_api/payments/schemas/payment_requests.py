"""What is asked of Stripe for a payment: to make it, to capture it, to cancel it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from payymo_api.core.addresses import WebAddress
from payymo_api.core.fields import AmountIn, Currency, Email, MinorIn, Request, Text
from payymo_api.core.refs import InvoiceRef, StripeConnectionRef
from payymo_api.payments.rules.payments import INVOICE_KEY

MOST_METADATA = 49
"""Stripe allows 50; one says which invoice of ours it is for."""
_FORBIDDEN = frozenset("<>\\'\"*")


def _not_ours(metadata: dict[str, str]) -> dict[str, str]:
    if INVOICE_KEY in metadata:
        raise ValueError(f"{INVOICE_KEY} is set by invoice_id")
    return metadata


def _descriptor(text: str) -> str:
    if _FORBIDDEN.intersection(text) or not text.isascii() or not any(map(str.isalpha, text)):
        raise ValueError("Latin characters, at least one letter, none of < > \\ ' \" *")
    return text


StripeMetadata = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=r"^[^\[\]\x00]{1,40}$")],
        Annotated[Text, StringConstraints(max_length=500)],
    ],
    Field(max_length=MOST_METADATA, description="Yours, kept at Stripe too."),
    AfterValidator(_not_ours),
]
StripeId = Annotated[str, StringConstraints(pattern=r"^[a-z]+_[A-Za-z0-9_]{1,250}$")]


class PaymentRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connection_id": "scon_06ghq1m2dpuh5c9s2rcmo3g8d4",
                    "amount": "100.50",
                    "currency": "GBP",
                    "description": "INV-2026-0042",
                }
            ]
        }
    )

    connection_id: Annotated[StripeConnectionRef, Field(description="Whose Stripe account.")]
    amount: Annotated[AmountIn | None, Field(description="Or amount_minor.")] = None
    amount_minor: Annotated[MinorIn | None, Field(description="Or amount.")] = None
    currency: Currency
    customer: Annotated[
        StripeId | None, Field(examples=["cus_Example"], description="Stripe's id of the customer.")
    ] = None
    invoice_id: Annotated[
        InvoiceRef | None,
        Field(description="The invoice that it pays: of the same currency, and open for as much."),
    ] = None
    description: Annotated[Text | None, StringConstraints(max_length=1000)] = None
    metadata: StripeMetadata = {}
    capture_method: Annotated[
        Literal["automatic", "manual"],
        Field(description="`manual`: only authorise; take the money by `…/capture`, in time."),
    ] = "automatic"
    payment_method_types: Annotated[
        list[Annotated[str, StringConstraints(pattern="^[a-z0-9_]{1,40}$")]] | None,
        Field(
            min_length=1,
            max_length=30,
            examples=[["card"]],
            description="Without it: whatever the account's dashboard offers for this payment.",
        ),
    ] = None
    payment_method: Annotated[
        StripeId | None,
        Field(examples=["pm_Example"], description="A method that Stripe keeps already."),
    ] = None
    confirm: Annotated[
        bool, Field(description="Charge now, without the payer's page: needs `payment_method`.")
    ] = False
    off_session: Annotated[
        bool, Field(description="The payer is not there: declined if the bank wants to ask them.")
    ] = False
    return_url: Annotated[
        WebAddress | None,
        Field(description="With `confirm`: where the payer comes back to from the bank."),
    ] = None
    setup_future_usage: Annotated[
        Literal["on_session", "off_session"] | None,
        Field(description="Keep the method for the customer's next payments."),
    ] = None
    receipt_email: Annotated[Email | None, Field(description="Stripe sends a receipt there.")] = (
        None
    )
    statement_descriptor_suffix: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=22),
        AfterValidator(lambda text: text if text is None else _descriptor(text)),
        Field(examples=["INV 42"], description="What the payer's statement adds to your name."),
    ] = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.confirm and self.payment_method is None:
            raise ValueError("confirm needs a payment_method")
        if not self.confirm and (self.off_session or self.return_url):
            raise ValueError("off_session and return_url go with confirm")
        return self


class CaptureRequest(Request):
    amount: Annotated[
        AmountIn | None,
        Field(description="Or amount_minor; without both, all. What is not taken is let go."),
    ] = None
    amount_minor: Annotated[MinorIn | None, Field(description="Or amount.")] = None


class CancelRequest(Request):
    reason: Annotated[
        Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"] | None,
        Field(description="Why, for Stripe's records."),
    ] = None
