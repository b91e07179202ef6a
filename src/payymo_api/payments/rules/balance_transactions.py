"""Balance transactions: each movement of a Stripe balance, with what caused it."""

from decimal import Decimal

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of, moment


def read(raw: Raw) -> Values:
    """Return the columns; the source must be expanded, as it names the payment.

    Amounts are in the balance's currency. A monthly fee has no source; a refund and a dispute name
    the payment that they take from.
    """
    currency = raw["currency"].upper()
    source = raw["source"] if isinstance(raw["source"], dict) else {}
    rate = raw["exchange_rate"]
    return {
        "type": raw["type"],
        "reporting_category": raw["reporting_category"],
        "status": raw["status"],
        "amount_minor": from_stripe(raw["amount"], currency),
        "fee_minor": from_stripe(raw["fee"], currency),
        "net_minor": from_stripe(raw["net"], currency),
        "currency": currency,
        "exchange_rate": None if rate is None else Decimal(str(rate)),
        "available_on": moment(raw["available_on"]).date(),
        "description": raw["description"],
        "source": id_of(raw["source"]),
        "payment_intent": id_of(source.get("payment_intent")),
    }


def is_the_payout_itself(row: Raw, payout: str) -> bool:
    """Whether it is no part of the payout: the payout's own way out of the balance, or back.

    A payout that came back is a part of the one that pays its money out again.
    """
    return id_of(row["source"]) == payout
