"""Why a payment was declined: what its payer reads, what its merchant does, whether to try again.

The codes are Stripe's decline codes, and those of its error codes that say how an attempt to pay
ended. What hints at fraud is masked: whoever tries a stolen card must not learn that it is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Category = Literal[
    "issuer", "temporary", "funds", "details", "authentication", "method", "merchant", "blocked"
]
Retry = Literal["later", "changed", "never"]
"""With the same method: as it is, when that is mended which the payer reads, or not at all."""


@dataclass(frozen=True, slots=True)
class Decline:
    """`masked`: the code and these words are for the merchant alone; payers are shown `shown`."""

    code: str
    category: Category
    payer: str
    next_step: str
    retry: Retry

    @property
    def masked(self) -> bool:
        return self.category == "blocked"

    @property
    def shown(self) -> "Decline":
        return DECLINES[GENERIC] if self.masked else self

    def told(self, code: str | None) -> Mapping[str, str | None]:
        """Return what a decline says to whom it may concern, the payer too. `code`: the error's."""
        shown = self.shown
        return {
            "code": code,
            "decline_code": shown.code,
            "payer_message": shown.payer,
            "next_step": shown.next_step,
            "retry": shown.retry,
        }


def decline(code: str | None, decline_code: str | None) -> Decline:
    """Return what an error of Stripe means: `decline_code` says more, when it is there and known.

    What is not known is treated as a decline without a reason.
    """
    told = (DECLINES.get(each or "") for each in (decline_code, code))
    return next((each for each in told if each), DECLINES[GENERIC])


def _declines(
    category: Category, retry: Retry, codes: str, payer: str, next_step: str
) -> Iterator[Decline]:
    for code in codes.split():
        yield Decline(code, category, payer, next_step, retry)


GENERIC: Final = "generic_decline"
_ALL = (
    *_declines(
        "issuer",
        "changed",
        "generic_decline call_issuer do_not_honor no_action_taken not_permitted "
        "refer_to_customer security_violation service_not_allowed transaction_not_allowed "
        "bank_account_declined",
        "Your bank declined the payment. Please ask the bank, or pay another way.",
        "The bank gives no reason. Offer another method; the payer's bank can lift the block.",
    ),
    *_declines(
        "issuer",
        "never",
        "do_not_try_again revocation_of_all_authorizations revocation_of_authorization "
        "stop_payment_order debit_not_authorized payment_intent_mandate_invalid",
        "Your bank does not allow this payment. Please pay another way.",
        "Stop charging this method: the payer or the bank took the permission back. Ask for "
        "another.",
    ),
    *_declines(
        "issuer",
        "changed",
        "duplicate_transaction",
        "The same amount was paid with this card just now. Please check before you pay again.",
        "See whether an earlier payment of this amount succeeded before you try again.",
    ),
    *_declines(
        "issuer",
        "changed",
        "invalid_amount",
        "Your bank does not allow a payment of this amount. Please ask the bank, or pay another "
        "way.",
        "Check the amount. If it is right, the payer's bank must allow it.",
    ),
    *_declines(
        "temporary",
        "later",
        "approve_with_id issuer_not_available processing_error reenter_transaction "
        "try_again_later payment_method_provider_timeout",
        "The payment could not be processed just now. Please try again in a moment.",
        "Try again; after several failures the payer asks the bank or takes another method.",
    ),
    *_declines(
        "temporary",
        "later",
        "card_decline_rate_limit_exceeded",
        "This card was declined too often. Please wait a day, or pay another way.",
        "Wait 24 hours before this card is charged again.",
    ),
    *_declines(
        "funds",
        "later",
        "insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded",
        "The balance or limit does not cover the payment. Please pay another way.",
        "Ask for another method, or try again in some days.",
    ),
    *_declines(
        "details",
        "changed",
        "incorrect_number invalid_number",
        "The card number is not right. Please check it and try again.",
        "Let the payer enter the card number again.",
    ),
    *_declines(
        "details",
        "changed",
        "incorrect_cvc invalid_cvc",
        "The security code is not right. Please check it and try again.",
        "Let the payer enter the security code again.",
    ),
    *_declines(
        "details",
        "changed",
        "invalid_expiry_month invalid_expiry_year",
        "The expiry date is not right. Please check it and try again.",
        "Let the payer enter the expiry date again.",
    ),
    *_declines(
        "details",
        "changed",
        "incorrect_zip",
        "The postcode is not right. Please check it and try again.",
        "Let the payer enter the postcode again.",
    ),
    *_declines(
        "details",
        "changed",
        "incorrect_address",
        "The billing address is not right. Please check it and try again.",
        "Let the payer enter the billing address again.",
    ),
    *_declines(
        "details",
        "changed",
        "incorrect_pin invalid_pin",
        "The PIN is not right. Please check it and try again.",
        "Let the payer enter the PIN again.",
    ),
    *_declines(
        "authentication",
        "changed",
        "authentication_required authentication_not_handled payment_intent_action_required",
        "Your bank wants you to confirm the payment. Please try again and follow its steps.",
        "Bring the payer back to the page: confirm again there, where the bank can ask.",
    ),
    *_declines(
        "authentication",
        "changed",
        "payment_intent_authentication_failure payment_intent_payment_attempt_expired",
        "The payment was not confirmed with your bank. Please try again, or pay another way.",
        "Let the payer try again on the page; the bank could not tell who it was.",
    ),
    *_declines(
        "authentication",
        "changed",
        "offline_pin_required online_or_offline_pin_required",
        "The card needs its PIN. Please insert it and enter the PIN.",
        "Ask for the card to be inserted into the reader.",
    ),
    *_declines(
        "authentication",
        "changed",
        "mobile_device_authentication_required",
        "Please unlock your phone or watch, and hold it to the reader again.",
        "Ask for the device to be unlocked and held to the reader once more.",
    ),
    *_declines(
        "method",
        "never",
        "expired_card expired_payment_method",
        "The card has expired. Please use another one.",
        "Ask for another method; update the one that is kept.",
    ),
    *_declines(
        "method",
        "never",
        "pin_try_exceeded",
        "The PIN was entered wrongly too often. Please use another card.",
        "Ask for another method.",
    ),
    *_declines(
        "method",
        "never",
        "card_not_supported currency_not_supported",
        "This card can't be used for this kind of payment. Please use another one.",
        "Ask for another method; the payer's bank knows what the card allows.",
    ),
    *_declines(
        "method",
        "never",
        "invalid_account new_account_information_available account_closed no_account "
        "bank_account_restricted bank_account_unusable",
        "This card or account can't be used any more. Please use another one.",
        "Ask for another method; remove the one that is kept.",
    ),
    *_declines(
        "method",
        "changed",
        "payment_method_customer_decline payment_method_provider_decline "
        "payment_intent_payment_attempt_failed",
        "The payment was not completed. Please try again, or pay another way.",
        "The payer, or the method's provider, stopped it. Let the payer choose again.",
    ),
    *_declines(
        "merchant",
        "never",
        "testmode_decline",
        "This card can't be used here. Please use another one.",
        "A real card was used in test mode or a test card in live mode: check the connection.",
    ),
    *_declines(
        "blocked",
        "never",
        "fraudulent lost_card stolen_card merchant_blacklist pickup_card restricted_card",
        "Your bank declined the payment. Please ask the bank, or pay another way.",
        "Tell the payer no more than that. Don't charge this card again, and don't deliver.",
    ),
)
DECLINES: Final[Mapping[str, Decline]] = {each.code: each for each in _ALL}
