"""What a change in mid-period is worth."""

from dataclasses import dataclass

from payymo_api.sandbox.stripe.invoice_lines import new_item
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.periods import share_left
from payymo_api.sandbox.stripe.refusals import Wire

PRORATIONS = {"create_prorations", "always_invoice", "none"}


@dataclass(frozen=True, slots=True)
class Change:
    """How one item looked before and after; None where it is new or gone."""

    item: Wire
    before: tuple[Wire, int] | None
    after: tuple[Wire, int] | None


def prorate(merchant: Merchant, subscription: Wire, changes: list[Change]) -> None:
    """Credit what is left of the old price, and charge what is left of the new one."""
    for change in changes:
        if change.before == change.after:
            continue
        if change.before:
            _prorated(merchant, subscription, change.item, change.before, -1)
        if change.after:
            _prorated(merchant, subscription, change.item, change.after, 1)


def _prorated(
    merchant: Merchant, subscription: Wire, item: Wire, priced: tuple[Wire, int], sign: int
) -> None:
    price, quantity = priced
    now, end = merchant.now(), item["current_period_end"]
    amount = share_left(
        sign * price["unit_amount"] * quantity, now, item["current_period_start"], end
    )
    details = {"subscription": subscription["id"], "subscription_item": item["id"]}
    new_item(
        merchant,
        subscription["customer"],
        amount=amount,
        currency=price["currency"],
        description="Remaining time" if sign > 0 else "Unused time",
        parent={"type": "subscription_details", "subscription_details": details},
        period={"start": now, "end": end},
        price=price,
        proration=True,
        proration_details={"credited_items": None, "discount_amounts": []},
        quantity=quantity,
    )
