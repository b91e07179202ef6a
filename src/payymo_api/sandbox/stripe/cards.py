"""The test cards: what each number, and each `pm_card_…`, does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

DECLINE_CODES = frozenset(
    "approve_with_id authentication_not_handled authentication_required call_issuer "
    "card_not_supported card_velocity_exceeded currency_not_supported do_not_honor "
    "do_not_try_again duplicate_transaction expired_card fraudulent generic_decline "
    "incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip "
    "insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month "
    "invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card "
    "merchant_blacklist new_account_information_available no_action_taken not_permitted "
    "offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded "
    "processing_error reenter_transaction restricted_card revocation_of_all_authorizations "
    "revocation_of_authorization security_violation service_not_allowed stolen_card "
    "stop_payment_order testmode_decline transaction_not_allowed try_again_later "
    "withdrawal_count_limit_exceeded".split()
)
OWN_CODE = frozenset("expired_card incorrect_cvc processing_error incorrect_number".split())
"""These are the error's `code` themselves; the others come as `card_declined`."""
TRY_AGAIN = frozenset("processing_error try_again_later issuer_not_available".split())
CONFIRM = frozenset("expired_card incorrect_cvc incorrect_number incorrect_zip".split())


@dataclass(frozen=True, slots=True)
class Card:
    """What happens when the card is charged.

    `decline`: a decline code. `secure`: 3-D Secure is asked for always, or only `off_session` use
    is let through without. `after`: what comes later: a dispute's reason, or a refund's fate.
    """

    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    decline: str | None = None
    secure: str | None = None
    dispute: str | None = None
    refund: str | None = None
    at_once: bool = False
    cvc_check: str = "pass"

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _cards() -> Iterator[tuple[str, Card]]:
    """Names after `pm_card_`, several for some, and the card."""
    yield "visa us", Card("4242424242424242")
    yield "visa_debit", Card("4000056655665556", funding="debit")
    yield "mastercard", Card("5555555555554444", "mastercard")
    yield "mastercard_debit", Card("5200828282828210", "mastercard", funding="debit")
    yield "amex", Card("378282246310005", "amex")
    yield "discover", Card("6011111111111117", "discover")
    yield "gb", Card("4000008260000000", country="GB")
    yield "de", Card("4000002760000016", country="DE")
    yield "fr", Card("4000002500000003", country="FR")
    yield "nl", Card("4000005280000002", country="NL")
    yield "authenticationRequired", Card("4000002760003184", secure="always")
    yield (
        "authenticationRequiredOnSetup",
        Card("4000002500003155", secure="on_session"),
    )
    yield (
        "authenticationRequiredSetupForOffSession",
        Card("4000003800000446", secure="on_session"),
    )
    yield "threeDSecure2Required threeDSecureRequired", Card("4000000000003220", secure="always")
    yield "threeDSecureOptional", Card("4000000000003055")
    yield (
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        Card("4000008260003178", decline="insufficient_funds", secure="always"),
    )
    yield (
        "threeDSecureRequiredChargeDeclined",
        Card("4000008400001629", decline="generic_decline", secure="always"),
    )
    yield "createDispute", Card("4000000000000259", dispute="fraudulent")
    yield (
        "createDisputeProductNotReceived",
        Card("4000000000002685", dispute="product_not_received"),
    )
    yield "createDisputeInquiry", Card("4000000000001976", dispute="inquiry")
    yield "pendingRefund", Card("4000000000007726", refund="pending")
    yield "refundFail", Card("4000000000005126", refund="fail")
    yield "bypassPending", Card("4000000000000077", at_once=True)
    yield "cvcCheckFail", Card("4000000000000101", decline="incorrect_cvc", cvc_check="fail")
    yield "chargeCustomerFail", Card("4000000000000341", decline="generic_decline")
    yield from _declining()


def _declining() -> Iterator[tuple[str, Card]]:
    for suffix, number, code in (
        ("", "4000000000000002", "generic_decline"),
        ("InsufficientFunds", "4000000000009995", "insufficient_funds"),
        ("LostCard", "4000000000009987", "lost_card"),
        ("StolenCard", "4000000000009979", "stolen_card"),
        ("ExpiredCard", "4000000000000069", "expired_card"),
        ("IncorrectCvc", "4000000000000127", "incorrect_cvc"),
        ("ProcessingError", "4000000000000119", "processing_error"),
        ("VelocityLimitExceeded", "4000000000006975", "card_velocity_exceeded"),
    ):
        names = f"chargeDeclined{suffix} visa_chargeDeclined{suffix}"
        yield names, Card(number, decline=code)
    yield "chargeDeclinedFraudulent radarBlock", Card("4100000000000019", decline="fraudulent")


_NAMED = {name: card for names, card in _cards() for name in names.split()}
_NUMBERED = {card.number: card for card in _NAMED.values()}
_DECLINED = "declined_"


def card_numbered(number: str) -> Card | None:
    return _NUMBERED.get(number)


def card_named(id: str) -> Card | None:
    """By Stripe's `pm_card_visa`, or by `pm_card_declined_<any decline code>`, which is ours."""
    name = id.removeprefix("pm_card_")
    if name.startswith(_DECLINED) and (code := name.removeprefix(_DECLINED)) in DECLINE_CODES:
        return replace(_NAMED["visa"], decline=code)
    return _NAMED.get(name) if id.startswith("pm_card_") else None
